"""http://metadata.tencentyun.com, as the instance sees it."""

"""What both programs share in memory: published tables, worker pages, token buckets."""

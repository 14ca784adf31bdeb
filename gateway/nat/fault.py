"""The error of tables: bytes that are none, and content that can't be in one."""


class BadTableError(ValueError):
    """The bytes aren't a table this version can read, or mappings clash; the text says why."""

"""Where events are kept: SQLite for real, memory for tests; one contract for both."""

"""Where events are kept, with SQLite; one suite of tests holds for each kind of log."""

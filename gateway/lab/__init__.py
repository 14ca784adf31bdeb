"""A topology as data, its builder, its processes, and the demo."""

"""What the gateway counts, read from outside of it."""

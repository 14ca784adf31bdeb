"""What each kind of command leads to, by topic. Nothing here changes the state."""

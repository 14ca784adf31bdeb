"""The rules, by topic: which events a command leads to. Nothing here changes the state."""

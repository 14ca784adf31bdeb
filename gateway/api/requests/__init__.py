"""The requests of each action, declared once: names, types and defaults are the cloud's."""

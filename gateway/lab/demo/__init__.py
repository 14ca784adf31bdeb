"""The demo: its ten steps, the commands that they run, and the packets that they look at."""

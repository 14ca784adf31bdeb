"""The cloud's API 3.0: actions declared as data, answered from control's state."""

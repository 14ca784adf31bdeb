"""The actions of service monitor: what the traffic was."""

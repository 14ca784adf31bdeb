"""The actions of the operator, on the Unix socket that only root can open."""

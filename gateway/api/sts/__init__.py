"""The actions of service sts: the identity of the caller."""

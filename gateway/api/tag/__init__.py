"""The actions of service tag: the tags of all resources."""

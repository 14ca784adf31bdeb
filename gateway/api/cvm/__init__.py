"""The actions of service cvm: instances, and where they are."""

"""The actions of service vpc: public addresses, bandwidth packages, the private network."""

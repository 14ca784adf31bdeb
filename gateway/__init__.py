"""A TGW-like 1:1 NAT gateway: data plane, control plane and lab."""

__version__ = "0.1.0"

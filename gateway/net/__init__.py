"""Namespaces, links, addresses and routes through pyroute2, and probes of what the kernel has."""

"""A gateway in its place, on a machine or in a lab: uplink, addresses, pools, processes, files."""

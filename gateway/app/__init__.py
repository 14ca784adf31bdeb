"""The composition root: what knows every part and puts them together, a module for each process.

They are apart so that the data plane, whose start is an outage, brings no HTTP server with it.
"""

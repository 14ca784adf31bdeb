"""Steering: which packets the kernel queues, and the guard, which needs no data plane."""

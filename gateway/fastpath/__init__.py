"""The fast path: the rules for what is plain, as programs of the kernel (tc, eBPF)."""

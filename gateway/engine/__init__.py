"""How packets reach the rules: queues, loops, and what steers packets into them."""

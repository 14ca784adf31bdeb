"""The command `tgw`: one thin module per noun. Each parses, calls and prints."""

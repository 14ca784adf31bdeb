"""Instances and public addresses: commands → events → state → mapping table. The only writer."""

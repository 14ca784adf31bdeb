"""Header layouts and checksums: bytes only, no policy."""

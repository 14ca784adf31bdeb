"""The rules: the mapping table, the translation of one packet, its reasons and counters."""

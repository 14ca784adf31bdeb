"""What public addresses carried, for whom and when: exact to the byte, and kept."""

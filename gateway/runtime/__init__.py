"""What every process of ours needs beside its work: its log, its background threads, its waits."""

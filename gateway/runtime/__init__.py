"""What every process of ours needs beside its work: its log, threads, waits, files."""

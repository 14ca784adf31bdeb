"""Small files that other processes read while one process writes them."""

from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Replace the file: who reads it sees the old text or the new one. Raises `OSError`."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)

"""What stands in a -wal file of SQLite's: where each transaction ends."""

import struct
from pathlib import Path

HEADER = struct.Struct(">8xI4xII8x")  # page size, two salts
FRAME = struct.Struct(">II II8x")  # page number, pages after a commit else 0, the salts again


def commit_ends(wal: Path) -> list[int]:
    """The offset behind each commit of the file's present round, in order.

    The last one's page may be under way yet: its frame's head is written before.
    """
    raw = wal.read_bytes() if wal.exists() else b""
    if len(raw) < HEADER.size:
        return []
    page_size, *salts = HEADER.unpack_from(raw)
    ends = []
    for start in range(HEADER.size, len(raw), FRAME.size + page_size):
        end = start + FRAME.size + page_size
        if end > len(raw):
            break
        _, pages, *found = FRAME.unpack_from(raw, start)
        if found != salts:  # of an earlier round
            break
        if pages:
            ends.append(end)
    return ends

"""A process that appends to a log as fast as it can, and says what was acknowledged.

`appender.py LOG BATCH [BYTES]`: each append has BATCH records of so many bytes, each line it prints
is the last sequence.
"""

import sys
from pathlib import Path

from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore

APPENDS_MAX = 100_000


def main() -> None:
    """Append until killed."""
    path, batch = Path(sys.argv[1]), int(sys.argv[2])
    body = '{"n":1}'.ljust(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    store = SqliteStore(path)
    for append in range(APPENDS_MAX):
        first = append * batch + 1
        store.append([Record(n, float(n), "Kind", body) for n in range(first, first + batch)])
        print(first + batch - 1, flush=True)


if __name__ == "__main__":
    main()

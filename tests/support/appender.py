"""A process that appends to a log as fast as it can, and says what was acknowledged.

`appender.py LOG BATCH`: each append has BATCH records, each line it prints is the last sequence.
"""

import sys
from pathlib import Path

from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore

APPENDS_MAX = 100_000


def main() -> None:
    """Append until killed."""
    path, batch = Path(sys.argv[1]), int(sys.argv[2])
    store = SqliteStore(path)
    for append in range(APPENDS_MAX):
        first = append * batch + 1
        store.append([Record(n, float(n), "Kind", '{"n":1}') for n in range(first, first + batch)])
        print(first + batch - 1, flush=True)


if __name__ == "__main__":
    main()

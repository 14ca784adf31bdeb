"""The files of a lab that an earlier version made, as they lay: the folders `run` and `state`.

`one-table.tar.xz` is of the version that had one file for the table (commit 35300e3). Its lab had
the VPC 10.171.0.0/24 and the pool 203.0.113.0/28. In it ran `web` with an ordinary public IP, `db`
with the EIP `shop`, and `idle`, which was stopped; `gone` was terminated. The EIP `spare` was in
the package `shared`, and blocked for 30 days. Each of the first two sent a few pings.
"""

import tarfile
from dataclasses import dataclass
from pathlib import Path

ARCHIVE = Path(__file__).parents[1] / "earlier" / "one-table.tar.xz"
VPC, POOL = "10.171.0.0/24", "203.0.113.0/28"
WEB, DB = "203.0.113.1", "203.0.113.4"  # the public addresses of the two that ran
SPARE = "203.0.113.5"


@dataclass(frozen=True)
class Files:
    """Where the files lie now."""

    run: Path
    state: Path


def unpacked(folder: Path) -> Files:
    """The files, in a folder of their own."""
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content:
                target = folder / member.name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(content.read())
    return Files(folder / "run", folder / "state")

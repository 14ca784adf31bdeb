"""All vectors: what any engine must do with them."""

from typing import Final

from vectors import bad, blocked, errors, groups, options, transports, unfinished
from vectors.row import Vector

VECTORS: Final[list[Vector]] = [
    *transports.VECTORS,
    *options.VECTORS,
    *errors.VECTORS,
    *bad.VECTORS,
    *blocked.VECTORS,
    *groups.VECTORS,
    *unfinished.VECTORS,
]

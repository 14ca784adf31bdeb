"""All vectors: what any engine must do with them."""

from typing import Final

from vectors import bad, blocked, errors, options, transports, unfinished
from vectors.row import Vector

VECTORS: Final[list[Vector]] = [
    *transports.VECTORS,
    *options.VECTORS,
    *errors.VECTORS,
    *bad.VECTORS,
    *blocked.VECTORS,
    *unfinished.VECTORS,
]

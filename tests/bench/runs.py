"""What one run of a program in the kernel takes, as the kernel counts it (`bpf_stats`).

The counting costs each run some time, so it is on only while it is asked for. It ends with the
descriptor that switched it on: no setting of the machine is changed.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from gateway.exchange import pins

ENABLE_STATS: Final = 32  # of bpf(2)
RUN_TIME: Final = 0


class Runs(NamedTuple):
    """How often a program ran while it was counted, and how long in all."""

    number: int
    ns: int


@contextmanager
def counting() -> Iterator[None]:
    """The kernel counts the runs of all programs in the block. Raises `OSError`."""
    switch = pins.call(ENABLE_STATS, struct.pack("=I", RUN_TIME), "bpf_stats")
    try:
        yield
    finally:
        os.close(switch)


def of(directory: Path, program: str) -> Runs:
    """The runs of a fast path's program, by its pin. Raises `OSError`."""
    with pins.pin(directory, program) as pin:
        lines = Path(f"/proc/self/fdinfo/{pin.file}").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return Runs(int(told["run_cnt"]), int(told["run_time_ns"]))

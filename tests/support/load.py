"""How busy the machine was: what it can't carry says nothing of what was tested."""

from pathlib import Path

import pytest
from support.labs import Lab

from gateway.lab import lifecycle
from gateway.site import roles

STARVED = 0.15


def waited_s(lab: Lab) -> float:
    """How long the data plane was ready to run and had no processor (proc(5), schedstat)."""
    pid = next(p.pid for p in lifecycle.status(lab.name).processes if p.role == roles.DATAPLANE)
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def skip_if_starved(starved: float) -> None:
    """`starved`: the part of the time in which the data plane waited for a processor."""
    if starved > STARVED:
        pytest.skip(f"the data plane waited for a processor {starved:.0%} of the time")

"""How each of the lab's processes begins."""

import logging
import signal
import sys
from types import FrameType

from gateway.lab import roles
from gateway.lab.places import Places
from gateway.lab.topology import Topology


def begin(lab: str, role: str) -> tuple[Places, Topology]:
    """Take the role until the process ends, which SIGTERM makes it do; its places and topology.

    Raises `RoleError`.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    site = Places(lab)
    roles.take(site.run, role)  # the open file is the lock: it stays until the process ends
    topology = site.saved()
    if topology is None:
        raise roles.RoleError(f"lab {lab} is not up: 'tgw lab up' builds it")
    return site, topology

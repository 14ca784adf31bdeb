"""What each of the lab's processes does first: it takes its role."""

import signal
import sys
from types import FrameType

from gateway.lab.topology import Topology, saved
from gateway.runtime import log
from gateway.site import roles
from gateway.site.places import Places


def take_role(lab: str, role: str) -> Topology:
    """Take the role until the process ends, which SIGTERM makes it do; the lab's topology.

    Raises `RoleError`.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    log.set_up()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    run = Places(lab).run
    roles.take(run, role)  # the open file is the lock: it stays until the process ends
    topology = saved(run)
    if topology is None:
        raise roles.RoleError(f"lab {lab} is not up: 'tgw lab up' builds it")
    return topology

"""What each of the lab's processes does first: it takes its role.

Nothing here brings the lab's own rooms with it: some of the processes need none of them.
"""

import signal
import sys
from types import FrameType

from gateway.runtime import log
from gateway.site import roles
from gateway.site.places import Places


def take_role(lab: str, role: str) -> Places:
    """Take the role until the process ends, which SIGTERM makes it do; the lab's places.

    Raises `RoleError`.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    log.set_up()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    places = Places(lab)
    roles.take(places.run, role)  # the open file is the lock: it stays until the process ends
    if not places.is_up:
        raise roles.RoleError(f"lab {lab} is not up: 'tgw lab up' builds it")
    return places

"""The watchdog of a lab: it starts again what has fallen, and replaces what is stuck."""

import subprocess
import time

from gateway.app.startup import take_role
from gateway.lab import web
from gateway.site import roles
from gateway.site.command import Command
from gateway.site.heartbeat import Heart
from gateway.site.watchdog import LOOK_EVERY_S, Watchdog


def run(lab: str, command: Command) -> None:
    """Be the lab's watchdog, until SIGTERM or until the lab is gone. Raises `RoleError`, `OSError`.

    `command` starts this program anew, as a process with another role.
    """
    place = take_role(lab, roles.WATCHDOG).run

    def spawn(role: str) -> "subprocess.Popen[bytes]":
        return roles.spawn(place, role, command)

    with Heart(place, roles.WATCHDOG) as heart:
        beat = heart.part()
        watchdog = Watchdog(place, (*roles.OF_A_SITE, web.ROLE), spawn)
        while place.is_dir():
            beat()
            watchdog.look()
            time.sleep(LOOK_EVERY_S)

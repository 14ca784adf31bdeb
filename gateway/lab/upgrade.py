"""A lab whose processes are of another version of tgw: refused if newer, else replaced one by one.

Each process notes its version beside its role, so an upgrade that was cut goes on where it was.
Packets pass all the while, as they need neither supervisor nor control; the watchdog rests. Control
is the first, since new workers read what a control of their own version publishes. The supervisor
is the last, and it leaves its workers to the next one.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from gateway.runtime.version import VERSION
from gateway.site import processes, roles

_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")


class NewerError(RuntimeError):
    """A process of the lab is of a newer version of tgw; the text is one line that says which."""


def outdated(run: Path, all_roles: Iterable[str]) -> list[str]:
    """The roles whose processes are of an older version, in the order in which to replace them.

    Raises `NewerError` if one is of a newer version.
    """
    found: list[str] = []
    for role in sorted(all_roles, key=_order):
        if roles.holder(run, role) is None:
            continue
        noted = roles.version(run, role)
        if _number(noted) > _number(VERSION):
            raise NewerError(
                f"{role} of lab {run.name} is of tgw {noted}, which is newer than this "
                f"{VERSION}: use that one, or take the lab down with it"
            )
        if noted != VERSION or (role == roles.WATCHDOG and found):
            found.append(role)
    return found[::-1]


def replace(run: Path, role: str, start: Callable[[], object]) -> None:
    """End the role's process and start it anew; packets pass meanwhile. Raises `RoleError`.

    The watchdog is only ended: it would start again what is ended here, and is started at last.
    """
    processes.make_way(run, role)
    if role != roles.WATCHDOG:
        start()


def _order(role: str) -> int:
    """Where the role stands in a row that is replaced from its end."""
    return {roles.DATAPLANE: 0, roles.CONTROL: 2, roles.WATCHDOG: 3}.get(role, 1)


def _number(version: str) -> tuple[int, ...]:
    """A version as numbers to compare; what is none is older than any."""
    found = _NUMBERS.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()

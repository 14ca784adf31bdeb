"""A site's processes: which of them are at work, and the end of all.

A role alone says only that a process was started: each role has a question that tells whether its
process is at work.
"""

import http.client
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.dataplane import record, workers
from gateway.dataplane.queues import queues
from gateway.net import namespace
from gateway.site import heartbeat, roles
from gateway.site.liveness import SEEN_SILENT_S, is_silent
from gateway.site.site import API_ADDRESS, HTTP_PORT, METADATA_ADDRESS, Site
from gateway.site.watchdog import SILENT_MAX_S

CONNECTED_WITHIN_S: Final = 1.0

IsReady = Callable[[Site], bool]


@dataclass(frozen=True, slots=True)
class Process:
    """One role, the process that has the role, and whether that process is at work."""

    role: str
    pid: int | None
    ready: bool
    # Since its last heartbeat; None without one. Of the look, not of the process.
    beat_age_s: float | None = field(default=None, compare=False)


def look(site: Site, role: str, is_ready: IsReady, since: float | None = None) -> Process:
    """Find the process that has the role now; one that is stuck isn't ready.

    With `since`, of the monotonic clock, one is also waited for that has made no heartbeat after
    it: it may have been stopped a moment before.
    """
    run = site.places.run
    pid = roles.holder(run, role)
    if pid is None:
        return Process(role, pid, ready=False)
    age_s = heartbeat.age_s(heartbeat.read(run, role).beat_ns)
    old_s = SILENT_MAX_S if since is None else time.monotonic() - since
    seen_s = SEEN_SILENT_S if since is None else SILENT_MAX_S
    stuck = is_silent(pid, old_s, lambda: heartbeat.read(run, role).beat_ns, seen_s)
    return Process(role, pid, not stuck and is_ready(site), age_s)


def end(run: Path, *others: str) -> None:
    """End the processes of the site in this directory, and those of other roles there.

    Raises `RoleError`.
    """
    roles.stop(run, roles.WATCHDOG)  # first: it would start again what is ended here
    roles.stop(run, *roles.OF_A_SITE, *others)
    # Those whose supervisor was killed; they may be in a namespace that has lost its name.
    workers.end(workers.adopt(run))


def make_way(run: Path, role: str) -> None:
    """End the role's process, so that another takes its place. Raises `RoleError`.

    A supervisor is killed: one that is asked to end ends the workers, too, also those that it is
    about to take over. The next one takes over from them, and packets pass meanwhile.
    """
    numbers = (signal.SIGKILL,) if role == roles.DATAPLANE else (signal.SIGTERM, signal.SIGKILL)
    roles.stop(run, role, numbers=numbers)


def is_control_ready(site: Site) -> bool:
    """Whether control takes calls on its own socket, and signed ones on the two others."""
    places = site.places
    sockets = (places.socket, places.signed_socket, places.api_socket)
    return all(answers(str(socket)) for socket in sockets)


def answers(address: str | tuple[str, int]) -> bool:
    """Whether connections are taken at a path, or at an address and port of this network."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
        probe.settimeout(CONNECTED_WITHIN_S)
        return probe.connect_ex(address) == 0


def is_dataplane_ready(site: Site) -> bool:
    """Whether the supervisor has taken over, and each queue that is in use has its worker."""
    run = site.places.run
    found = record.load(run)
    if found.supervisor != roles.holder(run, roles.DATAPLANE):
        return False
    if not namespace.has_process(site.namespace, found.supervisor):
        return False  # it serves the queues of a namespace that has lost its name
    try:
        with site.inside():
            return set(found.queues) <= {queue.number for queue in queues()}
    except OSError:
        return False


def is_metadata_ready(site: Site) -> bool:
    """Whether connections for the API are taken, and the metadata service answers.

    A caller that is no instance is answered 404.
    """
    try:
        with site.inside():
            if not answers((API_ADDRESS, HTTP_PORT)):
                return False
            probe = http.client.HTTPConnection(METADATA_ADDRESS, timeout=CONNECTED_WITHIN_S)
            try:
                probe.request("GET", "/")
                return probe.getresponse().status == http.HTTPStatus.NOT_FOUND
            finally:
                probe.close()
    except (OSError, http.client.HTTPException):
        return False


def is_api_ready(site: Site) -> bool:
    """Whether signed requests are taken where it is written down."""
    try:
        url = urlsplit(site.places.endpoint.read_text().strip())
        where = (url.hostname or "", url.port or 0)
        with socket.create_connection(where, timeout=CONNECTED_WITHIN_S):
            return True
    except (OSError, ValueError):
        return False


def is_watchdog_ready(site: Site) -> bool:
    """Whether the watchdog has looked at the other roles."""
    return heartbeat.read(site.places.run, roles.WATCHDOG).beat_ns != 0


# The roles of every site, in the order in which their processes start.
READY: Final[Mapping[str, IsReady]] = {
    roles.DATAPLANE: is_dataplane_ready,
    roles.CONTROL: is_control_ready,
    roles.METADATA: is_metadata_ready,
    roles.API: is_api_ready,
}

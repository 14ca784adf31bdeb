"""A lab's life: up, down, and what there is of it.

`up` builds or repairs; `down` removes everything, from whatever state a killed `up` or `down` left.
One at a time: each holds a lock on the directory of all labs, which the kernel drops with the
process.
"""

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from gateway.dataplane import record, workers
from gateway.dataplane.queues import queues
from gateway.exchange import generations
from gateway.lab import builder, places, roles, web
from gateway.lab.machines import end_processes
from gateway.lab.places import GATEWAY, INTERNET, Places
from gateway.lab.topology import NETWORKS, Topology, TopologyError
from gateway.metering.book import Book
from gateway.metering.meter import Meter
from gateway.net import namespace
from gateway.steering.kernel import SteeringError
from gateway.store.records import StoreError


class LabError(RuntimeError):
    """The lab can't be built or taken down; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """One of the lab's processes."""

    role: str
    pid: int | None
    ready: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What there is of a lab."""

    lab: str
    topology: Topology | None
    hosts: tuple[str, ...]
    processes: tuple[Process, ...]

    @property
    def up(self) -> bool:
        """Whether all of it is there and at work."""
        return (
            self.topology is not None
            and {INTERNET, GATEWAY} <= set(self.hosts)
            and all(process.ready for process in self.processes)
        )


def up(
    topology: Topology, *, network_only: bool = False, say: Callable[[str], None] = print
) -> None:
    """Build the lab, or repair what is missing of it, and start its processes.

    With `network_only` control and data plane are left to somebody else to start. Raises
    `LabError`; a lab that wasn't there before is then gone again, but for its event log.
    """
    with _alone():
        site = Places(topology.name)
        before = site.saved()
        if before not in (None, topology):
            raise LabError(
                f"lab {topology.name} is up with another topology: 'tgw lab down' ends it first"
            )
        try:
            _build(site, topology, say)
            for role in (roles.WEB,) if network_only else roles.ROLES:
                _start(site, role, say)
        except (OSError, NetlinkError, SteeringError, roles.RoleError) as error:
            if before is None:
                _remove(site, keep_state=True)
            raise LabError(f"lab {topology.name} can't be built: {error}") from error


def down(lab: str, *, keep_state: bool = False) -> None:
    """Remove all of the lab: processes, namespaces, files, and unless kept its event log.

    Raises `LabError`.
    """
    with _alone():
        try:
            _remove(Places(lab), keep_state=keep_state)
        except (OSError, roles.RoleError) as error:
            raise LabError(f"lab {lab} can't be removed: {error}") from error


def status(lab: str) -> Status:
    """What there is of the lab now."""
    site = Places(lab)
    processes = []
    for role in roles.ROLES:
        pid = roles.holder(site.run, role)
        processes.append(Process(role, pid, pid is not None and READY[role](site)))
    return Status(lab, site.saved(), tuple(site.hosts()), tuple(processes))


def restart(lab: str, role: str) -> None:
    """End one of the lab's processes and start it again. Raises `LabError`."""
    site = Places(lab)
    try:
        roles.stop(site.run, role)
        roles.start(site.run, role, lambda: READY[role](site))
    except (OSError, roles.RoleError) as error:
        raise LabError(str(error)) from error


def _build(site: Places, topology: Topology, say: Callable[[str], None]) -> None:
    networks = (f"{field} {getattr(topology, field)}" for field in NETWORKS)
    say(f"lab {topology.name}: {', '.join(networks)}")
    site.save(topology)
    builder.build(topology)


def _start(site: Places, role: str, say: Callable[[str], None]) -> None:
    if roles.holder(site.run, role) is None:
        roles.start(site.run, role, lambda: READY[role](site))
        say(f"lab {site.lab}: {role} runs, process {roles.holder(site.run, role)}")


def _remove(site: Places, *, keep_state: bool) -> None:
    # Under another name first: a process that is only just starting doesn't find its lab then.
    going = site.run.with_name(f".{site.lab}")
    for _ in ("what an interrupted down left", "the lab"):
        if going.is_dir():
            _end_roles(going)
            _settle(site, going, keep_state=keep_state)
            shutil.rmtree(going)
        with suppress(FileNotFoundError):
            site.run.rename(going)
    if going.is_dir():
        _end_roles(going)
        _settle(site, going, keep_state=keep_state)
    for host in site.hosts():
        end_processes(site.namespace(host))
        namespace.remove(site.namespace(host))
    for folder in namespace.ETC.glob(f"{site.prefix}*"):
        shutil.rmtree(folder)
    if not keep_state:
        shutil.rmtree(site.state, ignore_errors=True)
    shutil.rmtree(going, ignore_errors=True)


def _end_roles(run: Path) -> None:
    # Control first: what it builds while we remove would be left behind.
    for role in (roles.CONTROL, roles.DATAPLANE, roles.WEB):
        roles.stop(run, role)
    # Those whose supervisor was killed; they may be in a namespace that has lost its name.
    workers.end(workers.adopt(run))


def _settle(site: Places, run: Path, *, keep_state: bool) -> None:
    """Take in what was counted after control had ended: the counters go with the lab."""
    if not (keep_state and site.book.exists()):
        return
    with suppress(StoreError, TopologyError):  # who came before us has said what is wrong
        topology = site.saved(run)
        if topology:
            published = partial(generations.published, run)
            book = Book(site.book)
            Meter(run, book, topology.pool, published=published, clock=time.time).close()


@contextmanager
def _alone() -> Iterator[None]:
    places.RUN.mkdir(parents=True, exist_ok=True)
    folder = os.open(places.RUN, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _control_is_ready(site: Places) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(site.socket))
        except OSError:
            return False
        return True


def _dataplane_is_ready(site: Places) -> bool:
    """Whether its supervisor has taken over, and each queue that is in use has its worker."""
    found = record.load(site.run)
    if found.supervisor != roles.holder(site.run, roles.DATAPLANE):
        return False
    try:
        with namespace.inside(site.namespace(GATEWAY)):
            return set(found.queues) <= {queue.number for queue in queues()}
    except OSError:
        return False


READY: Final[dict[str, Callable[[Places], bool]]] = {
    roles.CONTROL: _control_is_ready,
    roles.DATAPLANE: _dataplane_is_ready,
    roles.WEB: web.is_ready,
}

"""A lab goes up, goes down, and says what there is of it.

`up` builds or repairs; `down` removes everything, from whatever state a killed `up` or `down` left.
One at a time for each lab: each holds a lock, which the kernel drops with the process. Labs don't
wait for each other: what they share (the directory of namespaces, the trees of control groups) is
changed by their controls as well, at any time, and is safe for that.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Final, TypeVar

from pyroute2.netlink.exceptions import NetlinkError

from gateway.control.errors import AdapterError
from gateway.dataplane import record
from gateway.dataplane.record import OFF
from gateway.exchange import generations
from gateway.fastpath import bpffs
from gateway.lab import builder, machines, upgrade, web
from gateway.lab.hosts import Hosts
from gateway.lab.inspection import Inspection
from gateway.lab.topology import NETWORKS, Topology, TopologyError, known, save, saved
from gateway.metering.book import Book
from gateway.metering.meter import Meter
from gateway.nat.table import BadTableError
from gateway.net import namespace
from gateway.net.differences import mend
from gateway.runtime import locks
from gateway.runtime.waiting import looks
from gateway.site import heartbeat, holders, liveness, processes, rescue, roles
from gateway.site.command import Command
from gateway.site.holders import Holder, HoldersError
from gateway.site.liveness import Worker
from gateway.site.places import TOPOLOGY, Places
from gateway.site.processes import IsReady, Process
from gateway.site.site import Site
from gateway.steering.kernel import SteeringError
from gateway.store.records import StoreError

FAILURES: Final = (
    OSError,
    AdapterError,
    HoldersError,
    NetlinkError,
    SteeringError,
    StoreError,
    roles.RoleError,
)
ALONE_WITHIN_S: Final = 300.0  # a lab of thousands of instances takes minutes to go down
AGAIN_S: Final = 0.3  # between two looks at what differs

Seen = TypeVar("Seen")  # what stands for itself as a line

READY: Final[Mapping[str, IsReady]] = {
    **processes.READY,
    web.ROLE: lambda site: web.is_ready(site.name),
    roles.WATCHDOG: processes.is_watchdog_ready,  # last: it looks after the others
}


class LabError(RuntimeError):
    """The lab can't be built or taken down; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """What there is of a lab: hosts, processes, and what isn't as it should be, a line each.

    `fastpath` says whether the kernel carries packets, or why it doesn't although it was to.
    """

    lab: str
    topology: Topology | None
    hosts: tuple[str, ...]
    processes: tuple[Process, ...]
    workers: tuple[Worker, ...] = ()
    differences: tuple[str, ...] = ()
    fastpath: str = OFF

    @property
    def up(self) -> bool:
        """Whether all of it is there, as it should be, and at work."""
        return (
            self.topology is not None
            and not self.differences
            and all(process.ready for process in self.processes)
            and all(worker.ready for worker in self.workers)
        )


def up(
    topology: Topology,
    command: Command,
    *,
    network_only: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Build the lab, or repair what is missing of it, and start its processes by `command`.

    With `network_only` control and data plane are left to another program to start. Raises
    `LabError`; a lab that wasn't there before is then gone again, but for its event log.
    """
    with _alone(topology.site.places):
        before = _built(topology.site.places)
        if before not in (None, topology):
            raise LabError(
                f"lab {topology.name} is up with another topology: 'tgw lab down' ends it first"
            )
        started = (web.ROLE,) if network_only else tuple(READY)
        run = partial(_start, topology.site, command, say, time.monotonic())
        try:
            outdated = upgrade.outdated(topology.site.places.run, started)
        except upgrade.NewerError as error:
            raise LabError(str(error)) from error
        try:
            _finish_down(topology.name)
            _end_strays(topology.site.places, say)
            _build(topology, say)
            inspection = Inspection(topology)
            _end_forgetful_control(topology.site.places, inspection, say)
            for role in outdated:
                say(f"lab {topology.name}: {role} is of an earlier version, and is replaced")
                upgrade.replace(topology.site.places.run, role, partial(run, role))
            # The watchdog later: it would start the others, too.
            first = [role for role in started if role != roles.WATCHDOG]
            with roles.begun(topology.site.places.run, first, command) as begun:
                for role in started:
                    run(role, begun.get(role))
            left = mend(lambda: _twice(inspection.differences))
        except FAILURES as error:
            if before is None:
                _remove(topology.name, keep_state=True)
            raise LabError(f"lab {topology.name} can't be built: {error}") from error
    for stays in left.stays:
        say(f"{stays}, and stays")
    if left.failed:
        raise LabError(f"lab {topology.name} is up, but {'; '.join(left.failed)}")


def down(lab: str, *, keep_state: bool = False) -> None:
    """Remove all of the lab: processes, namespaces, files, and unless kept its event log.

    Raises `LabError`.
    """
    with _alone(Places(lab)):
        try:
            _remove(lab, keep_state=keep_state)
        except FAILURES as error:
            raise LabError(f"lab {lab} can't be removed: {error}") from error


def status(lab: str) -> Status:
    """Look which parts of the lab are there now, and what isn't as it should be."""
    own = Places(lab)
    topology, hosts = _built(own), tuple(Hosts(lab).names())
    found = _twice(_look_at(topology)) if topology else list(map(str, _lost(own)))
    workers = liveness.workers(own.run) if topology and own.run.is_dir() else []
    fast_path = record.load(own.run).fastpath
    return Status(lab, topology, hosts, look(lab), tuple(workers), tuple(found), fast_path)


def look(lab: str) -> tuple[Process, ...]:
    """Look which of the lab's processes are there now, and whether each is at work."""
    topology, run = _built(Places(lab)), Places(lab).run
    if topology is None:
        return tuple(Process(role, roles.holder(run, role), ready=False) for role in READY)
    return tuple(processes.look(topology.site, role, READY[role]) for role in _wanted(run))


def _wanted(run: Path) -> list[str]:
    """The roles that are to have a process: others than the lab may look after its network."""
    rests = heartbeat.read(run, roles.WATCHDOG).at_rest
    return [role for role in READY if role != roles.WATCHDOG or not rests]


def _twice(look: Callable[[], list[Seen]]) -> list[Seen]:
    """What two looks see: what only one of them does, control is at just now."""
    first = set(map(str, look()))
    if not first:
        return []
    time.sleep(AGAIN_S)
    return [one for one in look() if str(one) in first]


def _look_at(topology: Topology) -> Callable[[], list[str]]:
    """What looks at all of a lab, a line for each thing that isn't as it should be."""
    own, inspection = topology.site.places, Inspection(topology)

    def look() -> list[str]:
        try:
            seen = [*inspection.unwritten(), *map(str, inspection.differences())]
        except FAILURES as error:
            seen = [str(error)]
        return [
            *(
                f"{folder / TOPOLOGY} isn't as written"
                for folder in (own.run, own.state)
                if not _is_of(topology, folder)
            ),
            *map(str, _lost(own)),
            *seen,
        ]

    return look


def _is_of(topology: Topology, folder: Path) -> bool:
    try:
        return saved(folder) == topology
    except TopologyError:
        return False


def _built(own: Places) -> Topology | None:
    """What the lab was built from, None if nothing is there of it. Raises `TopologyError`."""
    is_there = own.run.is_dir() or Hosts(own.name).names()
    return known(own) if is_there else None


def _build(topology: Topology, say: Callable[[str], None]) -> None:
    networks = (f"{field} {getattr(topology, field)}" for field in NETWORKS)
    say(f"lab {topology.name}: {', '.join(networks)}")
    for folder in (topology.site.places.state, topology.site.places.run):
        save(topology, folder)
    with suppress(OSError):  # here, where all see it: a service may have mounts of its own
        bpffs.mount()
    builder.build(topology)


def _start(
    site: Site,
    command: Command,
    say: Callable[[str], None],
    since: float,
    role: str,
    begun: "Popen[bytes] | None" = None,
) -> None:
    """Start the role's process, or see the one begun ready, unless one has been at work since then.

    One that isn't is replaced.
    """
    run = site.places.run
    if begun is None and roles.holder(run, role) is not None:
        for _ in looks(roles.starting_s(run, role), 0.02):
            if processes.look(site, role, READY[role], since).ready:
                return
        say(f"lab {site.name}: {role} isn't at work, process {roles.holder(run, role)}: replaced")
        processes.make_way(run, role)
    process = begun or roles.spawn(run, role, command)
    roles.see_ready(process, run, role, lambda: READY[role](site))
    say(f"lab {site.name}: {role} runs, process {roles.holder(run, role)}")


def _remove(lab: str, *, keep_state: bool) -> None:
    own, hosts = Places(lab), Hosts(lab)
    _finish_down(lab)
    # Under another name first: a process that is only just starting doesn't find its lab then.
    with suppress(FileNotFoundError):
        own.run.rename(_going(own.run))
    _end_all(_going(own.run))
    holders.end(holders.holders(*_directories(own)))
    if keep_state:
        _settle(own.book, _going(own.run))
    machines.end_all(hosts)
    bpffs.remove(lab)
    for folder in namespace.ETC.glob(f"{hosts.prefix}*"):
        shutil.rmtree(folder)
    if not keep_state:
        _forget(own.state)
    shutil.rmtree(_going(own.run), ignore_errors=True)


def _finish_down(lab: str) -> None:
    """Finish what an interrupted `down` left, but for the log, which may be wanted by now."""
    own = Places(lab)
    going = _going(own.run)
    if going.is_dir():
        _end_all(going)
        _settle(own.book, going)
        shutil.rmtree(going)
    shutil.rmtree(_going(own.state), ignore_errors=True)


def _forget(state: Path) -> None:
    """Remove the log, its meter and its credentials: all of them or none, as others see it."""
    shutil.rmtree(_going(state), ignore_errors=True)
    with suppress(FileNotFoundError):
        state.rename(_going(state))
    shutil.rmtree(_going(state), ignore_errors=True)


def _going(directory: Path) -> Path:
    """The name of a directory that is about to be removed; no lab's name begins with a dot."""
    return directory.with_name(f".{directory.name}")


def _end_strays(own: Places, say: Callable[[str], None]) -> None:
    """End what has lost its files or its name: it may hold the queues, the sockets, or the log.

    A log that was removed is put back before.
    """
    for text in machines.end_strays(Hosts(own.name)):
        say(f"lab {own.name}: {text}: ended")
    lost = _lost(own)
    for file in rescue.put_back(lost, own.state):
        say(f"lab {own.name}: {file} was removed while it was in use: put back")
    for text in dict.fromkeys(map(str, lost)):
        say(f"lab {own.name}: {text}: ended")
    if any(one.file.parent == own.run and holders.is_shared(one.file) for one in lost):
        # Who shares it would wait for the others for ever.
        lost += holders.holders(*_directories(own))
    holders.end(lost)


def _end_forgetful_control(own: Places, inspection: Inspection, say: Callable[[str], None]) -> None:
    """End a control whose files are gone: it writes them when it starts."""
    unwritten = inspection.unwritten()
    for text in unwritten:
        say(f"lab {own.name}: {text}: control is started again")
    if unwritten:
        roles.stop(own.run, roles.CONTROL)
        shutil.rmtree(own.facts, ignore_errors=True)  # or it would find that all is told


def _lost(own: Places) -> list[Holder]:
    """What processes hold and is gone from its place.

    A table that was taken away is no loss while the one that was published last can be read.
    """
    lost = holders.lost(*_directories(own))
    tables = [one for one in lost if one.file.match("table.*")]
    if tables:
        with suppress(OSError, BadTableError):
            generations.check(own.run)
            return [one for one in lost if one not in tables]
    return lost


def _directories(own: Places) -> tuple[Path, ...]:
    """Where files of the lab are, or were."""
    return own.run, _going(own.run), own.state, _going(own.state)


def _end_all(run: Path) -> None:
    processes.end(run, web.ROLE)


def _settle(book: Path, run: Path) -> None:
    """Take in what was counted after control had ended: the counters go with the lab."""
    if not book.exists():
        return
    with suppress(StoreError, TopologyError):  # who came before us has said what is wrong
        topology = saved(run)
        if topology:
            published = partial(generations.published, run)
            Meter(run, Book(book), published=published, clock=time.time).close()


@contextmanager
def _alone(own: Places) -> Iterator[None]:
    """No other process builds or removes this lab meanwhile. Raises `LabError`."""
    lock = own.run.with_name(f".{own.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    for _ in looks(ALONE_WITHIN_S, 0.02):
        file = _locked(lock)
        if file is not None:
            break
    else:
        raise LabError(
            f"another 'tgw lab up' or 'tgw lab down' is at work on lab {own.name}, and doesn't end"
        )
    try:
        yield
    finally:
        if not own.run.exists():
            lock.unlink(missing_ok=True)
        os.close(file)


def _locked(path: Path) -> int | None:
    """The file, locked; None if another process has locked it, or has just removed it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(FileNotFoundError):
        if locks.lock(file) and os.path.samestat(path.stat(), os.fstat(file)):
            return file
    os.close(file)
    return None

"""What an instance's type gives it of the machine: processors, memory and a number of processes.

The kernel's control groups bound and count it, in either of their versions:

    version 2    /sys/fs/cgroup/tgw/MACHINE
    version 1    /sys/fs/cgroup/{cpu,cpuacct,memory,pids}/tgw/MACHINE

Where neither can be used nothing is bounded, and `tgw doctor` says so.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.control.values import Instance
from gateway.control.values.purchases import TYPES
from gateway.metering.values import Use
from gateway.runtime.waiting import looks

ROOT: Final = Path("/sys/fs/cgroup")
OURS: Final = "tgw"
CONTROLLERS: Final = ("cpu", "cpuacct", "memory", "pids")  # of version 1
PERIOD_US: Final = 100_000
PROCESSES_MAX: Final = 4096
EMPTY_WITHIN_S: Final = 2.0
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Groups:
    """The control groups of one machine's; `root` is where the kernel shows all groups."""

    machine: str
    root: Path = ROOT

    def bound(self, instance: Instance) -> bool:
        """Make the groups, with the bounds of the instance's type; False if that can't be."""
        kind = TYPES[instance.purchase.instance_type]
        quota, memory = kind.cpus * PERIOD_US, kind.memory_gib * GIB
        try:
            if self._is_unified:
                self._make_unified()
                self._write("", "cpu.max", f"{quota} {PERIOD_US}")
                self._write("", "memory.max", memory)
                self._write("", "pids.max", PROCESSES_MAX)
            else:
                for folder in self._folders:
                    folder.mkdir(parents=True, exist_ok=True)
                self._write("cpu", "cpu.cfs_period_us", PERIOD_US)
                self._write("cpu", "cpu.cfs_quota_us", quota)
                self._write("memory", "memory.limit_in_bytes", memory)
                self._write("pids", "pids.max", PROCESSES_MAX)
        except OSError:
            return False
        return True

    def join(self, process: int) -> None:
        """Put the process, and what it will start, under the bounds, where there are any.

        0 is the process that calls.
        """
        for folder in self._folders:
            with suppress(OSError):
                (folder / "cgroup.procs").write_text(f"{process}\n")

    def use(self) -> Use | None:
        """What the machine has used; None where that isn't counted."""
        try:
            if self._is_unified:
                counted, memory = self._pairs("", "cpu.stat"), self._pairs("", "memory.stat")
                used = int(self._read("", "memory.current")) - memory["file"]
                return Use(counted["usage_usec"] / 1e6, max(used, 0))
            memory = self._pairs("memory", "memory.stat")
            used = int(self._read("memory", "memory.usage_in_bytes")) - memory["total_cache"]
            return Use(int(self._read("cpuacct", "cpuacct.usage")) / 1e9, max(used, 0))
        except (OSError, KeyError, ValueError):
            return None

    def remove(self) -> None:
        """Remove the groups, as far as they are there. What was in them may be about to end."""
        for _ in looks(EMPTY_WITHIN_S, 0.005):
            for folder in self._folders:
                with suppress(OSError):
                    folder.rmdir()
                with suppress(OSError):
                    folder.parent.rmdir()  # the last one takes ours with it
            if not any(folder.exists() for folder in self._folders):
                return

    @property
    def _is_unified(self) -> bool:
        return (self.root / "cgroup.controllers").exists()

    @property
    def _folders(self) -> list[Path]:
        if self._is_unified:
            return [self.root / OURS / self.machine]
        return [self.root / controller / OURS / self.machine for controller in CONTROLLERS]

    def _make_unified(self) -> None:
        for folder in (self.root, self.root / OURS):
            folder.mkdir(exist_ok=True)
            (folder / "cgroup.subtree_control").write_text("+cpu +memory +pids")
        (self.root / OURS / self.machine).mkdir(exist_ok=True)

    def _write(self, controller: str, file: str, value: object) -> None:
        (self.root / controller / OURS / self.machine / file).write_text(f"{value}\n")

    def _read(self, controller: str, file: str) -> str:
        return (self.root / controller / OURS / self.machine / file).read_text()

    def _pairs(self, controller: str, file: str) -> dict[str, int]:
        lines = self._read(controller, file).splitlines()
        return {name: int(value) for name, value in map(str.split, lines)}


def named(prefix: str, root: Path = ROOT) -> set[str]:
    """The machines with control groups whose names begin so."""
    return {
        folder.name for parent in _parents(root) for folder in (parent / OURS).glob(f"{prefix}*")
    }


def are_bounded(root: Path = ROOT) -> bool:
    """Whether this machine has control groups for all of it, and they can be made."""
    return all(_can_make(folder) for folder in _parents(root))


def _parents(root: Path) -> Iterator[Path]:
    if (root / "cgroup.controllers").exists():
        offered = (root / "cgroup.controllers").read_text().split()
        yield root if {"cpu", "memory", "pids"} <= set(offered) else root / "missing"
    else:
        yield from (root / controller for controller in CONTROLLERS)


def _can_make(folder: Path) -> bool:
    trial = folder / f"{OURS}-doctor-{os.getpid()}"
    try:
        trial.mkdir()
        trial.rmdir()
    except OSError:
        return False
    return True

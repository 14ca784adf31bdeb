"""What the kernel and the machine offer, tried for real in namespaces that are gone afterwards."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from gateway.fastpath import bpffs
from gateway.fastpath.bpf import FastPathError
from gateway.fastpath.program import FROM_UPLINK, PAGE, Sizes, load
from gateway.net import namespace
from gateway.net.links import Links
from gateway.net.machine import Machine
from gateway.steering import kernel, ruleset

STEERING: Final = ruleset.Steering("uplink", "198.51.100.254", ("203.0.113.0/24",))

# Program, the package that has it, and what needs it.
PROGRAMS: Final = (
    ("nft", "nftables", "the guard"),
    ("iptables-restore", "iptables", "NFQUEUE where nft has no queue statement"),
    ("tcpdump", "tcpdump", "the demo and captures"),
    ("curl", "curl", "the demo"),
    ("ifconfig", "net-tools", "the demo"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: is it there, is it needed, and what to do if it isn't."""

    subject: str
    present: bool
    advice: str = ""
    needed: bool = True

    @property
    def bad(self) -> bool:
        """Whether the gateway can't run because of it."""
        return self.needed and not self.present


def examine() -> list[Finding]:
    """Look at everything. Root is needed to try the kernel."""
    programs = [_program(*row) for row in PROGRAMS]
    if os.geteuid() != 0:
        return [Finding("root's rights", present=False, advice="run it as root"), *programs]
    try:
        with _two_namespaces() as (here, there):
            return [*_kernel(here, there), *programs]
    except OSError as error:
        advice = f"the kernel or a container forbids it: {error}"
        return [Finding("network namespaces", present=False, advice=advice), *programs]


def _kernel(here: str, there: str) -> Iterator[Finding]:
    yield Finding("network namespaces", present=True)
    yield _attempt("mounts of a host's own", "", _mounts)
    yield _attempt(
        "machines of instances",
        "the kernel needs namespaces for processes, names and IPC, and overlay: modprobe overlay",
        lambda: _machine(there),
    )
    yield _attempt("veth links", "load the module: modprobe veth", lambda: _veth(here, there))
    with namespace.inside(here):
        yield _attempt(
            "nft rules",
            "install nftables; the kernel needs nf_tables",
            lambda: kernel.install_guard(STEERING),
        )
        ways = [
            _attempt(f"NFQUEUE through {name}", "", partial(way, STEERING), needed=False)
            for name, way in kernel.WAYS.items()
        ]
    yield from ways
    yield Finding(
        "NFQUEUE",
        any(way.present for way in ways),
        "the kernel needs nfnetlink_queue, and nft_queue or xt_NFQUEUE: use the distribution's",
    )
    yield _attempt("the fast path, in tc eBPF", "", lambda: _fast_path(here), needed=False)


def _machine(name: str) -> None:
    with TemporaryDirectory() as folder:
        machine = Machine(name, Path(folder, "first"))
        machine.start("doctor", (), {})
        machine.end()


def _veth(here: str, there: str) -> None:
    with Links(here) as links:
        links.veth("uplink", peer="eth0", peer_namespace=there)


def _fast_path(here: str) -> None:
    bpffs.mount()
    with load(Sizes(table_bytes=PAGE, slots=1, packages=1)) as loaded, Links(here) as links:
        links.program("uplink", loaded.programs[FROM_UPLINK], "doctor")
        pins = f"doctor-{os.getpid()}"
        try:
            folder = bpffs.fresh_folder(pins)
            folder.mkdir()
            loaded.pin(folder)
        finally:
            bpffs.remove(pins)


def _mounts() -> None:
    """Have mounts of its own, in a thread: they go with it."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(namespace.leave_mounts).result()


def _attempt(
    subject: str, advice: str, attempt: Callable[[], object], *, needed: bool = True
) -> Finding:
    try:
        attempt()
    except (OSError, FastPathError, NetlinkError, kernel.SteeringError) as error:
        told = f"{advice} ({error})" if advice else str(error)
        return Finding(subject, present=False, advice=told, needed=needed)
    return Finding(subject, present=True, needed=needed)


def _program(program: str, package: str, use: str) -> Finding:
    present = shutil.which(program) is not None
    return Finding(f"{program}, for {use}", present, f"apt-get install {package}")


@contextmanager
def _two_namespaces() -> Iterator[tuple[str, str]]:
    names = tuple(f"tgw.doctor-{os.getpid()}.{end}" for end in ("here", "there"))
    try:
        for name in names:
            namespace.create(name)
        yield names[0], names[1]
    finally:
        for name in names:
            namespace.remove(name)

"""What the figures were measured on: the machine, and the versions of all that took part."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from bench.processes import BenchError, run

import gateway

PACKAGES = ("NetfilterQueue", "scapy")
LIBRARY = "libnetfilter-queue1"


def describe() -> dict[str, str]:
    """Each fact by its name."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    return {
        "processor": f"{_processor()}, {os.cpu_count()} of them",
        "memory": f"{_memory_gib():.0f} GiB",
        "kernel": platform.release(),
        "system": system,
        "python": platform.python_version(),
        "tgw": gateway.__version__,
        **{name: metadata.version(name) for name in PACKAGES},
        "libnetfilter_queue": _said(["dpkg-query", "-W", "-f", "${Version}", LIBRARY]),
        "nft": _said(["nft", "--version"]),
        "iptables": _said(["iptables", "--version"]),
        "iperf3": _said(["iperf3", "--version"]),
        "gcc": _said(["gcc", "--version"]),
    }


def is_root() -> bool:
    """Whether this process may make namespaces."""
    return sys.platform == "linux" and os.geteuid() == 0


def _said(command: list[str]) -> str:
    """The first line that the command prints."""
    try:
        return run(command).splitlines()[0].strip()
    except (BenchError, OSError, IndexError):
        return "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30

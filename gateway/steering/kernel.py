"""Steering in the kernel: installs its rules, points them at other queues, reads its counters."""

import subprocess
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from gateway.net import nftables
from gateway.steering import arp
from gateway.steering.ruleset import (
    GUARD_COUNTERS,
    IPTABLES_CHAINS,
    IPTABLES_JUMPS,
    TABLE,
    Steering,
    digest,
    guard_rules,
    iptables_queue_rules,
    nft_queue_rules,
)


class SteeringError(RuntimeError):
    """The kernel refused the rules; the text is the tool's first line."""


def install(steering: Steering) -> None:
    """Install those queue rules and that guard that this thread's namespace lacks.

    Rules that are there stay, whichever queues and bits of the mark they name: those are the data
    plane's to choose. A
    guard that is there stays, too: its counters would begin anew, and what is queued be dropped.
    The guard is the last, so that its mark says that all was there. Raises `SteeringError` if the
    kernel has no way to queue.
    """
    guarded = _is_guarded(steering)
    if not (guarded and any(ways_in_use().values())):
        point(steering)
    if not guarded:
        install_guard(steering)


def point(steering: Steering) -> None:
    """Point the queue rules of this thread's namespace at `steering.queues`, in one step.

    No packet finds no rule, and none that is queued is lost. Raises `SteeringError`, and then the
    rules are as they were.
    """
    refusals = []
    # The way in use is one that the kernel knows; a second way beside it would queue packets twice.
    for way in ways_in_use() or WAYS:
        try:
            WAYS[way](steering)
        except SteeringError as error:
            refusals.append(str(error))
        else:
            return
    raise SteeringError(f"this kernel can't queue packets: {'; '.join(refusals)}")


def install_guard(steering: Steering) -> None:
    """Install the guard in this thread's namespace. Raises `SteeringError`."""
    run_nft(guard_rules(steering))


def know(links: Iterable[arp.Link]) -> None:
    """Let the guard of this thread's namespace take ARP from links. Raises `SteeringError`."""
    script = arp.known(links)
    if script:
        run_nft(script)


def forget(link: arp.Link) -> None:
    """Let the guard take no more ARP from this link. Raises `SteeringError`."""
    run_nft(arp.forgotten(link))


def _is_guarded(steering: Steering) -> bool:
    # Not as JSON: nft 1.0 leaves comments out. Whole tables: to list less it reads all sets.
    return f'comment "{digest(steering)}"' in _listing(
        ["nft", "list", "table", "ip", TABLE]
    ) and f'counter name "{arp.COUNTER}" drop' in _listing(
        ["nft", "list", "table", *arp.TABLE.split()]
    )


def ways_in_use() -> dict[str, bool]:
    """The ways by which this thread's namespace queues packets, and whether each is whole."""
    with_nft = " queue " in _listing(["nft", "list", "table", "ip", f"{TABLE}_queue"])
    mangle = _mangle().splitlines()
    queueing = {line.split()[1] for line in mangle if " NFQUEUE " in line}  # chains that do so
    jumps = [jump in mangle for jump in IPTABLES_JUMPS]
    is_whole = all(jumps) and queueing.issuperset(IPTABLES_CHAINS.values())
    return ({"nft": True} if with_nft else {}) | ({"iptables": is_whole} if any(jumps) else {})


def _mangle() -> str:
    """What iptables has in its table mangle; nothing where it can't say."""
    return _listing(["iptables-save", "-t", "mangle"])


def _listing(command: list[str]) -> str:
    try:
        return run(command)
    except SteeringError:
        return ""


def _queue_with_nft(steering: Steering) -> None:
    run_nft(nft_queue_rules(steering))


def _queue_with_iptables(steering: Steering) -> None:
    run(["iptables-restore", "--noflush"], iptables_queue_rules(steering, _mangle()))


# The ways to queue, in the order in which they are tried; each raises `SteeringError`.
WAYS: Final[Mapping[str, Callable[[Steering], None]]] = {
    "nft": _queue_with_nft,
    "iptables": _queue_with_iptables,
}


def guard_drops() -> dict[str, int]:
    """Packets the guard of this thread's namespace dropped, by counter. Raises `SteeringError`."""
    try:
        counted = nftables.counters()
    except OSError as error:
        raise SteeringError(str(error)) from error
    drops = {name: counted[TABLE, name] for name in GUARD_COUNTERS if (TABLE, name) in counted}
    if not drops:
        raise SteeringError("nft: there is no guard")
    return drops


def run_nft(script: str) -> None:
    """Have nft run a script in this thread's namespace, in one step. Raises `SteeringError`."""
    run(["nft", "-f", "-"], script)


def run(command: list[str], script: str = "") -> str:
    """Run a tool in this thread's namespace; what it prints. Raises `SteeringError`."""
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SteeringError(f"{command[0]} is not installed") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise SteeringError(f"{command[0]}: {lines[0]}")
    return done.stdout

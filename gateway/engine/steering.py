"""Which packets the gateway's namespace queues, and what it never lets pass.

::

    uplink ─▶ PREROUTING   to the pool: queue          anything else: guard drops
    uplink ◀─ POSTROUTING  everything: queue, and then anything not from the pool: guard drops

*Queue* rules have no bypass: with no data plane behind the queue the kernel drops. The *guard* is a
second line that needs no data plane and stands before forwarding is switched on: whatever leaves
through the uplink has a source in the pool, translated or not at all.

The guard is nft's. The queue rules are nft's too where the kernel has its `queue` statement, else
iptables'. Each is one atomic transaction.
No rule here tracks connections: conntrack would reassemble fragments and cost memory per flow.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from zlib import crc32

TABLE: Final = "tgw"
QUEUE: Final = 0

GUARD_COUNTERS: Final[Mapping[str, str]] = {
    "guard_foreign": "from the uplink, and not to an address of the pool",
    "guard_hairpin": "from an instance to an address of the pool: no rule for it yet",
    "guard_untranslated": "to the uplink, and not from an address of the pool",
}


class SteeringError(RuntimeError):
    """The kernel refused the rules; the text is the tool's first line."""


@dataclass(frozen=True, slots=True)
class Steering:
    """The uplink's interface and the public networks behind it, e.g. `("203.0.113.0/24",)`."""

    uplink: str
    pool: tuple[str, ...]
    queue: int = QUEUE


def guard_rules(steering: Steering) -> str:
    """The guard as an nft script."""
    return (
        f"{_nft_fresh(TABLE)}"
        f"table ip {TABLE} {{\n"
        f'  comment "{_digest(steering)}"\n'
        f"{_guard_chains(steering)}"
        "}\n"
    )


def _guard_chains(steering: Steering) -> str:
    pool = _nft_set(steering)
    counters = "".join(f"  counter {name} {{ }}\n" for name in GUARD_COUNTERS)
    return (
        f"{counters}"
        "  chain guard_in {\n"
        "    type filter hook prerouting priority -300; policy accept;\n"
        f'    iifname "{steering.uplink}" ip daddr != {pool} counter name guard_foreign drop\n'
        f'    iifname != "{steering.uplink}" ip daddr {pool} counter name guard_hairpin drop\n'
        "  }\n"
        "  chain guard_out {\n"
        "    type filter hook postrouting priority 300; policy accept;\n"
        f'    oifname "{steering.uplink}" ip saddr != {pool} counter name guard_untranslated drop\n'
        "  }\n"
    )


def nft_queue_rules(steering: Steering) -> str:
    """The queue rules as an nft script."""
    table, pool = f"{TABLE}_queue", _nft_set(steering)
    return (
        f"{_nft_fresh(table)}"
        f"table ip {table} {{\n"
        "  chain inbound {\n"
        "    type filter hook prerouting priority -150; policy accept;\n"
        f'    iifname "{steering.uplink}" ip daddr {pool} queue num {steering.queue}\n'
        "  }\n"
        "  chain outbound {\n"
        "    type filter hook postrouting priority -150; policy accept;\n"
        f'    oifname "{steering.uplink}" queue num {steering.queue}\n'
        "  }\n"
        "}\n"
    )


def iptables_queue_rules(steering: Steering) -> str:
    """The queue rules for iptables-restore: the whole of its mangle table."""
    target = f"-j NFQUEUE --queue-num {steering.queue}"
    inbound = "".join(
        f"-A PREROUTING -i {steering.uplink} -d {network} {target}\n" for network in steering.pool
    )
    outbound = f"-A POSTROUTING -o {steering.uplink} {target}\n"
    return f"*mangle\n{inbound}{outbound}COMMIT\n"


def install(steering: Steering) -> None:
    """Install queue rules and guard in this thread's namespace, unless these are there.

    Not again: the kernel drops what is queued when a rule that queues goes, and the guard's
    counters would begin anew. The guard is the last, so that its mark says that all is there.
    Raises `SteeringError` if the kernel has no way to queue.
    """
    if _is_installed(steering):
        return
    _queue(steering)
    install_guard(steering)


def install_guard(steering: Steering) -> None:
    """Install the guard in this thread's namespace. Raises `SteeringError`."""
    _run(["nft", "-f", "-"], guard_rules(steering))


def _queue(steering: Steering) -> None:
    refusals = []
    for way in WAYS.values():
        try:
            way(steering)
        except SteeringError as error:
            refusals.append(str(error))
        else:
            return
    raise SteeringError(f"this kernel can't queue packets: {'; '.join(refusals)}")


def _digest(steering: Steering) -> str:
    """Which rules are installed: changes with their text."""
    rules = _guard_chains(steering) + nft_queue_rules(steering) + iptables_queue_rules(steering)
    return f"{crc32(rules.encode()):08x}"


def _is_installed(steering: Steering) -> bool:
    # Not as JSON: nft 1.0 leaves comments out of it.
    if f'comment "{_digest(steering)}"' not in _listing(["nft", "list", "table", "ip", TABLE]):
        return False
    with_nft = _listing(["nft", "list", "table", "ip", f"{TABLE}_queue"])
    with_iptables = _listing(["iptables-save", "-t", "mangle"])
    return " queue " in with_nft or " NFQUEUE " in with_iptables


def _listing(command: list[str]) -> str:
    try:
        return _run(command, "")
    except SteeringError:
        return ""


def _queue_with_nft(steering: Steering) -> None:
    _run(["nft", "-f", "-"], nft_queue_rules(steering))


def _queue_with_iptables(steering: Steering) -> None:
    _run(["iptables-restore"], iptables_queue_rules(steering))


# The ways to queue, in the order in which they are tried; each raises `SteeringError`.
WAYS: Final[Mapping[str, Callable[[Steering], None]]] = {
    "nft": _queue_with_nft,
    "iptables": _queue_with_iptables,
}


def guard_drops() -> dict[str, int]:
    """Packets the guard of this thread's namespace dropped, by counter. Raises `SteeringError`."""
    listing = json.loads(_run(["nft", "-j", "list", "counters", "table", "ip", TABLE], ""))
    counters = (entry["counter"] for entry in listing["nftables"] if "counter" in entry)
    return {counter["name"]: counter["packets"] for counter in counters}


def _nft_fresh(table: str) -> str:
    """Replace, whether there is one or not: add first, because deleting what isn't there fails."""
    return f"add table ip {table}\ndelete table ip {table}\n"


def _nft_set(steering: Steering) -> str:
    return "{ " + ", ".join(steering.pool) + " }"


def _run(command: list[str], script: str) -> str:
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SteeringError(f"{command[0]} is not installed") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise SteeringError(f"{command[0]}: {lines[0]}")
    return done.stdout

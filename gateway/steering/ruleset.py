"""Which packets the gateway's namespace queues, and which ones the guard never lets pass.

::

    uplink   ─▶ PREROUTING   to the pool: queue, inbound      anything else: the guard drops
    instance ─▶ PREROUTING   to the pool: queue, hairpin      not its own address: the guard drops
    instance ─▶ FORWARD      to an instance, and marked: queue (what `members` has marked)
    gateway  ─▶ OUTPUT       to the pool: queue, hairpin      (an ICMP error about a hairpin)
    uplink   ◀─ POSTROUTING  all: queue, outbound; then the guard drops what isn't from the pool

Two bits of a packet's mark tell the data plane the direction; the other bits are other programs'
and stay as they are. *Queue* rules have no bypass: with no data plane behind the queue the kernel
drops. The *guard* is a second line that needs no data plane and stands before the uplink is
switched on: whatever leaves through the uplink has a source in the pool, translated or not, or is
an ICMP error of the gateway's own. What ARP it takes is said in `arp`.

The guard is nft's. The queue rules are nft's too where the kernel has its `queue` statement, else
iptables'. Each is one atomic transaction. Over several queues the kernel spreads flows by their
addresses.

Queue rules are replaced, never the chains with a *hook*: when a hook goes the kernel drops whatever
is queued in the namespace. So the rules can be pointed at other queues while packets pass: each
sees the old rules or the new ones, and one that waits in an old queue goes on when its verdict
comes.

iptables' hooks belong to the owner of the machine as well. There the queue rules have chains of
their own, to which mangle's chains jump; the owner's rules stay. They see a packet that is queued
only where they stand before the jump: a verdict lets a packet go on behind all of mangle.

No rule here tracks connections: conntrack would reassemble fragments and cost memory per flow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from zlib import crc32

from gateway.nat.mark import DEFAULT_BITS, MarkBits
from gateway.nat.outcome import Direction
from gateway.steering import arp

TABLE: Final = "tgw"
NFT_CHAINS: Final[Mapping[str, str]] = {
    "in": "type filter hook prerouting priority -150; policy accept;",
    "between": "type filter hook forward priority -150; policy accept;",
    "own": "type filter hook output priority -150; policy accept;",
    "out": "type filter hook postrouting priority -150; policy accept;",
}
IPTABLES_CHAINS: Final[Mapping[str, str]] = {
    "PREROUTING": "tgw-in",
    "FORWARD": "tgw-between",
    "OUTPUT": "tgw-own",
    "POSTROUTING": "tgw-out",
}
IPTABLES_JUMPS: Final = tuple(f"-A {hook} -j {chain}" for hook, chain in IPTABLES_CHAINS.items())

GUARD_COUNTERS: Final[Mapping[str, str]] = {
    "guard_foreign": "from the uplink, and not to an address of the pool",
    "guard_spoofed": "from an instance, and not with its own address; or from outside with ours",
    "guard_untranslated": "to the uplink, and not from an address of the pool",
    "guard_hasty": "from an instance, and one new connection to the gateway too many in a second",
    "guard_unknown": "to the uplink, and to an address of the pool: no way leads there",
    arp.COUNTER: arp.COUNTER_TEXT,
}
# New TCP connections of each instance to what it reaches in the gateway. Without the bound one
# instance would fill the queues in which all instances' connections wait to be accepted.
CONNECTIONS_PER_S: Final = 1000
CALLERS_MAX: Final = 65535  # addresses that are counted at once
OWN_ERRORS: Final = "{ destination-unreachable, time-exceeded, parameter-problem }"


@dataclass(frozen=True, slots=True)
class Steering:
    """The uplink, the gateway's own address on it, the networks of the pool, and the queues.

    `queues` are consecutive numbers, at least one. `bits` of a packet's mark tell its direction.
    """

    uplink: str
    address: str
    pool: tuple[str, ...]
    queues: range = range(1)
    bits: MarkBits = DEFAULT_BITS


def guard_rules(steering: Steering) -> str:
    """The rules of the guard as a script for nft."""
    return (
        f"{_nft_fresh(TABLE)}"
        f"table ip {TABLE} {{\n"
        f'  comment "{digest(steering)}"\n'
        f"{_guard_chains(steering)}"
        "}\n"
        f"{arp.rules(steering.uplink)}"
    )


def _guard_chains(steering: Steering) -> str:
    pool, uplink = _nft_set(steering), steering.uplink
    counters = "".join(
        f"  counter {name} {{ }}\n" for name in GUARD_COUNTERS if name != arp.COUNTER
    )
    own_error = f"ip saddr {steering.address} icmp type {OWN_ERRORS}"
    return (
        f"{counters}"
        f"  set callers {{ type ipv4_addr; size {CALLERS_MAX}; flags dynamic,timeout; "
        "timeout 1m; }\n"
        "  chain guard_in {\n"
        "    type filter hook prerouting priority -300; policy accept;\n"
        f'    iifname "{uplink}" ip daddr != {pool} counter name guard_foreign drop\n'
        f'    iifname "{uplink}" ip saddr {steering.address} counter name guard_spoofed drop\n'
        f'    iifname != {{ "{uplink}", "lo" }} fib saddr . iif oif missing '
        "counter name guard_spoofed drop\n"
        f'    iifname != {{ "{uplink}", "lo" }} tcp flags & (syn | ack) == syn '
        "fib daddr type local "
        f"update @callers {{ ip saddr limit rate over {CONNECTIONS_PER_S}/second "
        f"burst {CONNECTIONS_PER_S} packets }} counter name guard_hasty drop\n"
        "  }\n"
        "  chain guard_out {\n"
        "    type filter hook postrouting priority 300; policy accept;\n"
        f'    oifname "{uplink}" ip daddr {pool} counter name guard_unknown drop\n'
        f'    oifname "{uplink}" {own_error} accept\n'
        f'    oifname "{uplink}" ip saddr != {pool} counter name guard_untranslated drop\n'
        "  }\n"
    )


def nft_queue_rules(steering: Steering) -> str:
    """The queue rules as an nft script, to install as well as to replace others."""
    table, pool, uplink = f"{TABLE}_queue", _nft_set(steering), steering.uplink
    first, last = steering.queues[0], steering.queues[-1]
    numbers = f"{first}" if first == last else f"{first}-{last}"
    chains = "".join(f"  chain {name} {{ {hook} }}\n" for name, hook in NFT_CHAINS.items())

    def queue(direction: Direction) -> str:
        return f"{set_mark(steering.bits, direction)} queue num {numbers}\n"

    hairpin = f"meta mark & {steering.bits.mask:#x} == {steering.bits.mark(Direction.HAIRPIN):#x}"

    return (
        f"table ip {table} {{\n{chains}}}\n"
        f"flush table ip {table}\n"
        f"table ip {table} {{\n"
        "  chain in {\n"
        f'    iifname "{uplink}" ip daddr {pool} {queue(Direction.INBOUND)}'
        f'    iifname != "{uplink}" ip daddr {pool} {queue(Direction.HAIRPIN)}'
        "  }\n"
        "  chain between {\n"
        f"    {between_instances(steering)} {hairpin} queue num {numbers}\n"
        "  }\n"
        "  chain own {\n"
        f"    ip daddr {pool} {queue(Direction.HAIRPIN)}"
        "  }\n"
        "  chain out {\n"
        f'    oifname "{uplink}" {queue(Direction.OUTBOUND)}'
        "  }\n"
        "}\n"
    )


def iptables_queue_rules(steering: Steering, saved: str = "") -> str:
    """The queue rules for `iptables-restore --noflush`, to install as well as to replace others.

    `saved` is what `iptables-save` prints: jumps that it has are not added again, and rules of an
    earlier version go.
    """
    uplink = steering.uplink
    first, last = steering.queues[0], steering.queues[-1]
    numbers = f"--queue-num {first}" if first == last else f"--queue-balance {first}:{last}"

    def queue(match: str, direction: Direction) -> str:
        mark = f"--set-xmark {steering.bits.mark(direction):#x}/{steering.bits.mask:#x}"
        return f"-A {match} -j MARK {mark}\n-A {match} -j NFQUEUE {numbers}\n"

    emptied = "".join(f":{chain} - [0:0]\n" for chain in IPTABLES_CHAINS.values())
    present = saved.splitlines()
    jumps = "".join(f"{jump}\n" for jump in IPTABLES_JUMPS if jump not in present)
    to_pool = "".join(
        queue(f"tgw-in -i {uplink} -d {network}", Direction.INBOUND)
        + queue(f"tgw-in ! -i {uplink} -d {network}", Direction.HAIRPIN)
        + queue(f"tgw-own -d {network}", Direction.HAIRPIN)
        for network in steering.pool
    )
    hairpin = f"{steering.bits.mark(Direction.HAIRPIN):#x}/{steering.bits.mask:#x}"
    marked = f"! -i {uplink} ! -o {uplink} -m mark --mark {hairpin}"
    translated = "".join(f"-A tgw-between -s {network} -j RETURN\n" for network in steering.pool)
    between = f"{translated}-A tgw-between {marked} -j NFQUEUE {numbers}\n"
    outbound = queue(f"tgw-out -o {uplink}", Direction.OUTBOUND)
    earlier = _without_earlier(steering, present, numbers)
    return f"*mangle\n{emptied}{jumps}{to_pool}{between}{outbound}{earlier}COMMIT\n"


def _without_earlier(steering: Steering, present: list[str], numbers: str) -> str:
    """Deletes rules to other queues that an earlier version put into mangle's own chains.

    As long as the queues are those, its workers serve them and know its marks only.
    """
    ours = {f"-A POSTROUTING -o {steering.uplink}"}
    for network in steering.pool:
        ours |= {f"-A PREROUTING -d {network}{side} -i {steering.uplink}" for side in ("", " !")}
        ours.add(f"-A OUTPUT -d {network}")
    gone = []
    for before, line in pairwise(["", *present]):
        match, queues, named = line.partition(" -j NFQUEUE ")
        if queues and match in ours and named != numbers:
            gone += [before] * before.startswith(f"{match} -j MARK ") + [line]
    return "".join(f"-D{line.removeprefix('-A')}\n" for line in gone)


def digest(steering: Steering) -> str:
    """A mark of the installed rules: changes with their text, but not with queues and bits."""
    plain = replace(steering, queues=range(1), bits=DEFAULT_BITS)
    rules = (
        _guard_chains(plain)
        + arp.rules(plain.uplink)
        + nft_queue_rules(plain)
        + iptables_queue_rules(plain)
    )
    return f"{crc32(rules.encode()):08x}"


def _nft_fresh(table: str) -> str:
    """Replace the table. Add it first, because to delete a table that isn't there fails."""
    return f"add table ip {table}\ndelete table ip {table}\n"


def set_mark(bits: MarkBits, direction: Direction) -> str:
    """The statement of nft that marks a packet with a direction, and leaves its other bits."""
    others = ~bits.mask & 0xFFFF_FFFF
    return f"meta mark set meta mark & {others:#x} | {bits.mark(direction):#x}"


def between_instances(steering: Steering) -> str:
    """What matches in nft what goes from instance to instance and is no translated hairpin."""
    uplink = f'"{steering.uplink}"'
    return f"iifname != {uplink} oifname != {uplink} ip saddr != {_nft_set(steering)}"


def _nft_set(steering: Steering) -> str:
    return "{ " + ", ".join(steering.pool) + " }"

"""A coverage-guided fuzz target for the packet rules: `scripts/fuzz` runs it.

Any bytes, in any direction: nothing raises, a dropped packet is untouched, an accepted one keeps
its length, and nothing but addresses and checksums of an accepted one changes. The compiled rules,
where they are built, and the programs of the fast path, where the kernel takes them, say and do the
same. What it finds becomes a row among the vectors.
"""

import sys

import atheris

with atheris.instrument_imports():
    from gateway.engine.fast_replay import FastEngine
    from gateway.engine.rules import INTERPRETED, Rules, compiled
    from gateway.fastpath.bpf import FastPathError
    from gateway.nat.outcome import Checksum, Direction
    from gateway.nat.reasons import Reason
    from gateway.nat.table import Mapping, Package, build

# Addresses that the fuzzer finds soon: few bits, and each with its partner.
MAPPINGS = (
    Mapping(0xCB007101, 0x0A000002, 1),
    Mapping(0xCB007102, 0x0A000003, 2, out_kbps=1_000_000, in_kbps=1_000_000),
    Mapping(0xCB007103, 0x0A000004, 3, package=1),
)
TABLE = build(1, 4, MAPPINGS, (Package(1, 1_000_000),), (range(0xCB007100, 0xCB007200),))
DIRECTIONS = tuple(Direction)
CHECKSUMS = tuple(Checksum)
ADDRESSES = [address for mapping in MAPPINGS for address in (mapping.public, mapping.private)]
NS_PER_S = 1_000_000_000
try:
    COMPILED: Rules | None = compiled()
except ImportError:
    COMPILED = None
FAST = FastEngine()
try:
    FAST(TABLE, Direction.INBOUND)
    HAS_FAST = True
except FastPathError:
    HAS_FAST = False


def test_one_input(data: bytes) -> None:
    """The first byte chooses direction and addresses, the rest is the packet."""
    if not data:
        return
    choice, packet = data[0], bytearray(data[1:])
    if choice & 0x80 and len(packet) >= 20:
        packet[12:16] = ADDRESSES[choice >> 2 & 3].to_bytes(4)
        packet[16:20] = ADDRESSES[(choice >> 4 & 3) + 2].to_bytes(4)
    before = bytes(packet)
    direction = DIRECTIONS[choice % len(DIRECTIONS)]
    rules = INTERPRETED.for_table(TABLE)
    checksum = CHECKSUMS[choice % 5 % len(CHECKSUMS)]
    outcome = rules.feed(memoryview(packet), direction, choice * NS_PER_S, checksum)
    if COMPILED:
        other = bytearray(before)
        again = COMPILED.for_table(TABLE).feed(
            memoryview(other), direction, choice * NS_PER_S, checksum
        )
        assert (again, other) == (outcome, packet), "compiled rules differ"
    if HAS_FAST:
        other = bytearray(before)
        again = FAST(TABLE, direction)(other, checksum, float(choice))
        assert (again.reason, other) == (outcome.reason, packet), "the fast path differs"
    assert len(packet) == len(before)
    if outcome.reason is not Reason.TRANSLATED:
        assert bytes(packet) == before, "a dropped packet is untouched"
        return
    total = int.from_bytes(before[2:4])
    assert packet[:10] == before[:10], "version to protocol stay"
    assert packet[total:] == before[total:], "padding stays"


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()

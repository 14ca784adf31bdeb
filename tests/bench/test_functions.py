"""What the rules cost by themselves, without a kernel: for `scripts/bench --functions`.

Nothing fails here for being slow.
"""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP

from gateway.engine.replay import ENGINES
from gateway.exchange import generations
from gateway.nat import table
from gateway.nat.outcome import Checksum, Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Table

CLIENT = "198.51.100.10"
PUBLIC = int(IPv4Address("100.64.1.0"))
PRIVATE = int(IPv4Address("10.64.1.0"))
MAPPINGS = [Mapping(PUBLIC + n, PRIVATE + n, n) for n in range(2_000)]
PACKETS = 500
ROUNDS = 3


@pytest.fixture(scope="module")
def mapped() -> Table:
    return table.build(1, len(MAPPINGS), MAPPINGS)


def packet(direction: Direction, number: int) -> bytes:
    """A packet of the instance with that number, or to it."""
    inbound = IP(src=CLIENT, dst=str(IPv4Address(PUBLIC + number)))
    outbound = IP(src=str(IPv4Address(PRIVATE + number)), dst=CLIENT)
    ip = inbound if direction is Direction.INBOUND else outbound
    return bytes(ip / UDP(sport=1024, dport=9) / b"abcdefghijklmnopqr")


@pytest.mark.parametrize("direction", [Direction.INBOUND, Direction.OUTBOUND], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_translating(benchmark: Any, mapped: Table, engine: str, direction: Direction) -> None:
    """500 packets of one flow."""
    try:
        feed = ENGINES[engine](mapped, direction)
    except ImportError as error:
        pytest.skip(f"not compiled here: {error}")
    template = packet(direction, 7)

    def translate() -> Reason:
        for _ in range(PACKETS):
            outcome = feed(bytearray(template), Checksum.FINISHED, 0.0)
        return outcome.reason

    reason = benchmark.pedantic(translate, rounds=ROUNDS, warmup_rounds=1)
    assert reason is Reason.TRANSLATED


def test_building_a_table(benchmark: Any) -> None:
    """2,000 mappings, indexed for both directions."""
    built = benchmark.pedantic(
        table.build, args=(1, len(MAPPINGS), MAPPINGS), rounds=ROUNDS, warmup_rounds=1
    )
    assert len(built.mappings) == len(MAPPINGS)


def test_publishing_a_table(benchmark: Any, mapped: Table, tmp_path: Path) -> None:
    """2,000 mappings into a file."""
    benchmark.pedantic(generations.publish, args=(tmp_path, mapped), rounds=ROUNDS, warmup_rounds=1)
    assert generations.load(tmp_path) == mapped


def test_loading_a_table(benchmark: Any, mapped: Table, tmp_path: Path) -> None:
    """2,000 mappings out of a file, checked."""
    generations.publish(tmp_path, mapped)
    loaded = benchmark.pedantic(generations.load, args=(tmp_path,), rounds=ROUNDS, warmup_rounds=1)
    assert loaded == mapped

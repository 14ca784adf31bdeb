"""Counters whose page is damaged: what can't be traffic is nobody's, and the meter goes on."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.metering import SLOTS, Gateway, gateway_in, holder

from gateway.exchange.shared_words import WORD
from gateway.exchange.worker_page import Traffic, page_path
from gateway.metering.attribution import by_address
from gateway.metering.values import NOTHING, plus
from gateway.nat.tally import SLOT_BASE

SLOT = 3
PUBLIC = "203.0.113.3"


def damage(gateway: Gateway, word: int, mask: int) -> None:
    """Turn some bits of a word round in the page of the first worker."""
    path = page_path(gateway.run, min(gateway._pages))
    with path.open("r+b") as file:
        file.seek(word * WORD)
        before = int.from_bytes(file.read(WORD), sys.byteorder)
        file.seek(word * WORD)
        file.write((before ^ mask).to_bytes(WORD, sys.byteorder))


def billed(gateway: Gateway) -> Traffic:
    (usage,) = [found for found in gateway.meter.usages() if found.holder.instance_id]
    return usage.traffic


def carried(gateway: Gateway) -> Traffic:
    """What the bill has for the instance, and the counters show of its address: the same."""
    found = billed(gateway)
    assert by_address(gateway.run, gateway.path).get(PUBLIC, NOTHING) == found
    return found


@pytest.mark.parametrize("bit", [63, 62, 61, 50, 40])
@pytest.mark.parametrize("word", range(4))
def test_a_counter_that_jumps_is_nobodys_traffic(gateway: Gateway, word: int, bit: int) -> None:
    gateway.hand_over({SLOT: holder(SLOT, "ins-1")})
    gateway.count(SLOT, 1000)
    assert carried(gateway) == Traffic(0, 0, 1, 1000)
    damage(gateway, SLOT_BASE + 4 * SLOT + word, 1 << bit)
    assert carried(gateway) == Traffic(0, 0, 1, 1000)
    gateway.count(SLOT, 500)
    assert carried(gateway) == Traffic(0, 0, 2, 1500)
    gateway.kill()
    gateway.start()
    gateway.count(SLOT, 100)
    assert carried(gateway) == Traffic(0, 0, 3, 1600)
    damage(gateway, SLOT_BASE + 4 * SLOT + word, 1 << bit)
    assert carried(gateway) == Traffic(0, 0, 3, 1600), "nor is what comes back"


@given(
    damaged=st.lists(
        st.tuples(st.integers(0, SLOT_BASE + 4 * SLOTS - 1), st.integers(0, 2**64 - 1)),
        max_size=20,
    )
)
def test_no_bits_in_a_page_end_the_meter(damaged: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as name, gateway_in(Path(name)) as gateway:
        gateway.count(SLOT, 7)
        for word, mask in damaged:
            damage(gateway, word, mask)
            gateway.meter.sample()
            gateway.meter.usages(hourly=True)
            by_address(gateway.run, gateway.path)
        gateway._pages[0].write_head()
        gateway.hand_over({SLOT: holder(SLOT, "ins-1")})
        before = billed(gateway)
        gateway.count(SLOT, 100)
        assert billed(gateway) == plus(before, Traffic(0, 0, 1, 100))

"""Sets and counters of a real namespace, as `nft` shows them."""

import json
import os
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from support import own_names

from gateway.net import namespace, nftables
from gateway.net.nftables import AT_ONCE, Change

FRAME = """
add table ip some
add set ip some first { type ipv4_addr; }
add set ip some second { type ipv4_addr; }
add counter ip some passed { packets 3 bytes 99 }
add table arp some
add counter arp some refused
"""
MANY = range(0x64400000, 0x64400000 + 2 * AT_ONCE + 3)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a namespace")


@pytest.fixture(autouse=True)
def inside() -> Iterator[None]:
    name = f"tgw.{own_names.fresh()}.unit"
    namespace.create(name)
    try:
        with namespace.inside(name):
            nft("-f", "-", script=FRAME)
            yield
    finally:
        namespace.remove(name)


def nft(*words: str, script: str = "") -> str:
    done = subprocess.run(["nft", *words], input=script, capture_output=True, text=True, check=True)
    return done.stdout


def listed(name: str) -> list[int]:
    """The elements of a set, as `nft` lists them."""
    found = json.loads(nft("-j", "list", "set", "ip", "some", name))["nftables"][1]["set"]
    return sorted(int(IPv4Address(element)) for element in found.get("elem", []))


def into(name: str, *elements: int) -> Change:
    return Change("some", name, is_in=True, elements=elements)


def out_of(name: str, *elements: int) -> Change:
    return Change("some", name, is_in=False, elements=elements)


def test_elements_come_and_go() -> None:
    nftables.change([into("first", 0xCB007109, 1)])
    nftables.change([into("first", 1, 2), out_of("first", 0xCB007109), into("second", 7)])
    assert listed("first") == [1, 2]
    assert nftables.elements("some", "first") == {1, 2}
    assert nftables.elements("some", "second") == {7}
    assert [nftables.has("some", "first", element) for element in (1, 3)] == [True, False]


def test_more_than_a_message_holds() -> None:
    nftables.change([into("first", *MANY)])
    assert listed("first") == list(MANY)
    nftables.change([out_of("first", *MANY[1:])])
    assert listed("first") == [MANY[0]]


def test_what_was_never_there_can_go_in_the_same_step() -> None:
    nftables.change([into("first", 5), out_of("first", 5)])
    assert listed("first") == []


def test_nothing_changes_if_a_part_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="nftables: No such file"):
        nftables.change([into("first", 5), out_of("second", 6)])
    assert listed("first") == []
    with pytest.raises(FileNotFoundError):
        nftables.change([into("third", 5)])


def test_no_change_asks_nothing() -> None:
    nftables.change([])
    nftables.change([into("first"), out_of("third")])
    assert listed("first") == []


def test_a_set_that_isnt_there_cant_be_read() -> None:
    with pytest.raises(FileNotFoundError):
        nftables.elements("some", "third")


def test_counters_of_all_families() -> None:
    assert nftables.counters() == {("some", "passed"): 3, ("some", "refused"): 0}

"""A site with more pools than a table tells of: two are fast, addresses of others go up."""

from collections.abc import Iterator

import pytest
from scapy.layers.inet import IP
from support.fast_links import CLIENT, DB, PRIVATE, WEB, FastLinks
from support.fast_ways import IN, OUT, PLAIN, PUBLIC, TABLE, is_carried, made
from vectors.row import POOL

from gateway.fastpath.passage import Passed
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build

THIRD = "198.51.100.131"  # a mapping's, of the smallest pool
POOLS = [POOL, range(0xC6336440, 0xC6336460), range(0xC6336480, 0xC6336488)]
MAPPINGS = [Mapping(0xCB007109, 0x0A000002, 1), Mapping(0xC6336483, 0x0A000003, 2)]


@pytest.fixture
def three(links: FastLinks) -> Iterator[FastLinks]:
    table = build(11, 4, MAPPINGS, pools=POOLS)
    assert len(table.pools) == 2
    links.fill("table_1", table)
    links.set("whole_pools", 0)
    links.word(11)
    yield links
    links.word(TABLE.generation)


def test_addresses_of_the_pools_in_the_table_are_fast(three: FastLinks) -> None:
    is_carried(three, IN, made(IN, PLAIN["udp"]))
    is_carried(three, OUT, made(OUT, PLAIN["udp"]))


@pytest.mark.parametrize(
    ("host", "source", "destination", "way"),
    [
        ("client", CLIENT, THIRD, Passed.GUARDED),
        (DB, PRIVATE[DB], CLIENT, Passed.GUARDED),
        (WEB, PRIVATE[WEB], THIRD, Passed.NOT_OUTBOUND),
    ],
    ids=["inbound", "outbound", "hairpin"],
)
def test_another_pools_address_is_left_to_the_rules(
    three: FastLinks, host: str, source: str, destination: str, way: Passed
) -> None:
    three.send(host, bytes(IP(src=source, dst=destination) / PLAIN["udp"]))
    three.counted({}, {way: 1})


def test_another_pools_address_is_not_the_internets(three: FastLinks) -> None:
    three.send("client", bytes(IP(src=THIRD, dst=PUBLIC) / PLAIN["udp"]))
    three.counted({Reason.MARTIAN: 1}, {})

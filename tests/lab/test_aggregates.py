"""What senders leave to a network card crosses the gateway right: aggregates and checksums.

The receiving kernel checks every checksum here: what the gateway has rewritten comes without the
sender's promise that it is right. All this is of the batch engine, the default.
"""

from collections.abc import Iterator

import pytest
from support.labs import Instance, Lab
from support.peers import PORT, bound, transfer

from gateway.dataplane.record import OFF
from gateway.lab.hosts import INTERNET

FASTPATH = OFF
SOL_UDP, UDP_SEGMENT = 17, 103
SEGMENT, SEGMENTS = 1000, 20
BLOCKS = 64  # of 64 KiB
TCP_PACKET = 1448  # bytes of data in a packet


@pytest.fixture(params=["inbound", "outbound", "hairpin"])
def way(request: pytest.FixtureRequest, lab: Lab, web: Instance) -> Iterator[tuple[str, str, str]]:
    """Sender, receiver, and the address that the sender calls."""
    if request.param == "inbound":
        yield INTERNET, web.id, web.public
    elif request.param == "outbound":
        yield web.id, INTERNET, lab.topology.clients[0]
    else:
        other = lab.instance("other")
        yield other.id, web.id, web.public
        other.terminate()


def test_tcp_crosses_in_aggregates(lab: Lab, way: tuple[str, str, str]) -> None:
    sender, receiver, address = way
    before = lab.reasons()["translated"]
    transfer(lab, sender, receiver, address, blocks=BLOCKS)
    # Acknowledgements included; one by one, the data alone would be four times as many.
    assert lab.reasons()["translated"] - before < BLOCKS * 65536 / TCP_PACKET / 4


def test_an_aggregate_of_datagrams_is_cut_into_right_ones(
    lab: Lab, way: tuple[str, str, str]
) -> None:
    sender, receiver, address = way
    parts = [bytes([number]) * SEGMENT for number in range(SEGMENTS)]
    with bound(lab, sender) as source, bound(lab, receiver) as sink:
        source.setsockopt(SOL_UDP, UDP_SEGMENT, SEGMENT)
        source.sendto(b"".join(parts), (address, PORT))
        assert [sink.recv(2 * SEGMENT) for _ in parts] == parts


def test_a_datagram_whose_checksum_was_left_unfinished_arrives(
    lab: Lab, way: tuple[str, str, str]
) -> None:
    sender, receiver, address = way
    with bound(lab, sender) as source, bound(lab, receiver) as sink:
        for size in (0, 1, 2, 3, 1399, 1400):
            source.sendto(b"\xa5" * size, (address, PORT))
            assert sink.recv(2000) == b"\xa5" * size

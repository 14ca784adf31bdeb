"""Real sockets over the fast path: no receiver finds a checksum wrong, though all is unfinished.

There is no queue behind the programs, so every packet of these streams was carried by them.
"""

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fast_links import CLIENT, DB, PRIVATE, WEB, FastLinks, fast_links
from support.fast_ways import DB_PUBLIC, HAIRPIN, IN, OUT, PUBLIC, TABLE, each_way

from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.net import namespace

WITHIN_S = 30.0
MEGABYTES = 4
UDP_SEGMENT = 103
# Who sends, who receives, and the receiver's address as the sender knows it.
ENDS = {
    IN: ("client", WEB, PUBLIC),
    OUT: (WEB, "client", CLIENT),
    HAIRPIN: (WEB, DB, DB_PUBLIC),
}


@pytest.fixture(scope="module")
def inhabited() -> Iterator[FastLinks]:
    with fast_links(TABLE) as found:
        found.inhabit()
        yield found


def socket_of(links: FastLinks, host: str, kind: socket.SocketKind) -> socket.socket:
    with namespace.inside(links.name(host)):
        made = socket.socket(socket.AF_INET, kind)
    made.settimeout(WITHIN_S)
    return made


def bound(links: FastLinks, host: str, kind: socket.SocketKind) -> socket.socket:
    made = socket_of(links, host, kind)
    made.bind(({"client": CLIENT, **PRIVATE}[host], 0))
    return made


def errors(links: FastLinks, host: str) -> dict[str, int]:
    """What the host's kernel found wrong in what it received: TCP's and UDP's checksums."""
    with namespace.inside(links.name(host)):
        lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    found = {}
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        protocol, _, fields = names.partition(":")
        counts = re.findall(r"-?\d+", values.partition(":")[2])
        for name, count in zip(fields.split(), counts, strict=True):
            if name == "InCsumErrors":
                found[protocol] = int(count)
    return found


@each_way
def test_a_stream_arrives_whole(inhabited: FastLinks, direction: Direction) -> None:
    sender, receiver, address = ENDS[direction]
    inhabited.forget()
    data = bytes(range(256)) * 4096 * MEGABYTES
    received = bytearray()
    with bound(inhabited, receiver, socket.SOCK_STREAM) as listener:
        listener.listen()

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(WITHIN_S)
                while part := connection.recv(1 << 20):
                    received.extend(part)
                connection.sendall(b"done")

        taking = threading.Thread(target=take)
        taking.start()
        with socket_of(inhabited, sender, socket.SOCK_STREAM) as stream:
            stream.connect((address, listener.getsockname()[1]))
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            assert stream.recv(16) == b"done"
        taking.join(WITHIN_S)
    assert bytes(received) == data
    for host in (sender, receiver):
        assert errors(inhabited, host)["Tcp"] == 0
    carried = inhabited.reasons()
    assert carried.keys() == {Reason.TRANSLATED}
    assert carried[Reason.TRANSLATED] < len(data) / 1400, "aggregates were cut before"


@each_way
@pytest.mark.parametrize("segment", [0, 1200], ids=["datagrams", "aggregates"])
def test_datagrams_arrive_whole(inhabited: FastLinks, direction: Direction, segment: int) -> None:
    sender, receiver, address = ENDS[direction]
    inhabited.forget()
    parts = [bytes([number]) * 1200 for number in range(40)]
    with bound(inhabited, receiver, socket.SOCK_DGRAM) as listener:
        with socket_of(inhabited, sender, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect((address, listener.getsockname()[1]))
            if segment:
                datagrams.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, segment)
                datagrams.send(b"".join(parts))
            else:
                for part in parts:
                    datagrams.send(part)
        assert [listener.recv(2000) for _ in parts] == parts
    assert errors(inhabited, receiver)["Udp"] == 0
    carried = inhabited.reasons()  # with what an earlier stream may still have sent at its end
    assert carried.keys() == {Reason.TRANSLATED}
    assert (carried[Reason.TRANSLATED] < len(parts) / 2) is bool(segment)

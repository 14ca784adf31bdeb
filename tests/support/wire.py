"""Real packets: sent from a namespace as they are, and captured on a link of another."""

import fcntl
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from scapy.layers.inet import ICMP, IP, IPerror
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.utils import checksum
from support.labs import Instance, Lab

from gateway.lab.hosts import INTERNET
from gateway.lab.topology import UPLINK
from gateway.net import namespace
from gateway.site.site import METADATA_ADDRESS

ETH_P_IP = 0x0800
ETH_P_ALL = 0x0003
SIOCGIFHWADDR = 0x8927
SO_RCVBUFFORCE = 33
SOL_PACKET = 263
PACKET_STATISTICS = 6
BUFFER = 64 << 20  # bytes: a transfer of some megabytes, captured whole
MARK = 0xBEEF  # the IP identification of a packet that ends a capture
WITHIN_S = 5.0


@contextmanager
def link(lab: Lab, host: str) -> Iterator[Callable[[bytes], None]]:
    """Puts packets on the host's link to the gateway, as they are: one call, one frame."""
    interface = UPLINK if host == INTERNET else host
    head = bytes(Ether(dst=mac(lab.gateway, interface), type=ETH_P_IP))
    with (
        namespace.inside(lab.hosts.namespace(host)),
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw,
    ):
        raw.bind(("eth0", ETH_P_IP))
        yield lambda packet: _sent_whole(raw.send(head + packet), len(head) + len(packet))


def _sent_whole(sent: int, length: int) -> None:
    assert sent == length


def send(lab: Lab, host: str, *packets: Packet) -> None:
    """Put packets on the host's link as they are: no kernel of the sender's changes them."""
    with link(lab, host) as put:
        for packet in packets:
            put(bytes(packet))


class Capture:
    """The packets on a link, in both directions, while the block runs.

    `raw` is what was read so far: everything behind the link's header, ARP too.
    """

    def __init__(self, host: str, interface: str) -> None:
        self.raw: list[bytes] = []
        with namespace.inside(host):
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)
            )
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self._socket.bind((interface, ETH_P_ALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def until(self, is_last: Callable[[Packet], bool]) -> list[Packet]:
        """The IPv4 packets up to and including the last one. Fails if that doesn't come."""
        seen: list[Packet] = []
        deadline = time.monotonic() + WITHIN_S
        while not (seen and is_last(seen[-1])):
            left = deadline - time.monotonic()
            assert left > 0, f"the last packet didn't come; seen: {[p.summary() for p in seen]}"
            self._socket.settimeout(left)
            try:
                raw, address = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            self.raw.append(raw)
            if address[1] == ETH_P_IP:
                seen.append(IP(raw))
        return seen

    def missed(self) -> int:
        """How many packets the capture was too slow for."""
        statistics = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        missed: int = struct.unpack("II", statistics)[1]
        return missed


def until_marked(wire: Capture, lab: Lab, web: Instance) -> list[Packet]:
    """What an uplink's capture has seen when all that was queued before now has passed."""
    public = web.public
    send(lab, web.id, IP(src=web.private, dst=lab.topology.clients[0], id=MARK) / ICMP(type=0))
    return wire.until(lambda packet: packet[IP].id == MARK and packet[IP].src == public)


@contextmanager
def nothing_private(lab: Lab, web: Instance) -> Iterator[Capture]:
    """While the block runs, no private address is on the uplink: in no byte of any packet."""
    with Capture(lab.uplink, "eth0") as wire:
        yield wire
        until_marked(wire, lab, web)
        assert wire.missed() == 0
    private = {lab.topology.vpc_gateway, METADATA_ADDRESS, *lab.private_addresses()}
    leaks = [
        (address, raw.hex())
        for raw in wire.raw
        for address in private
        if socket.inet_aton(address) in raw
    ]
    assert leaks == []


def is_whole(error: Packet) -> bool:
    """Whether an ICMP error's checksums are right: its own, and the quoted header's."""
    quoted = bytes(error[IPerror])
    return not (
        checksum(bytes(error)[: error[IP].ihl * 4])
        or checksum(bytes(error[ICMP]))
        or checksum(quoted[: error[IPerror].ihl * 4])
    )


def mac(host: str, interface: str) -> str:
    """The link's address of an interface in a namespace."""
    with namespace.inside(host), socket.socket() as any_socket:
        answer = fcntl.ioctl(any_socket, SIOCGIFHWADDR, struct.pack("256s", interface.encode()))
    return answer[18:24].hex(":")

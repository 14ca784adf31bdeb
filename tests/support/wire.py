"""Real packets: sent from a namespace as they are, and captured on a link of another."""

import fcntl
import socket
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from support.labs import Lab

from gateway.lab.builder import UPLINK
from gateway.lab.places import INTERNET
from gateway.net import namespace

ETH_P_IP = 0x0800
ETH_P_ALL = 0x0003
SIOCGIFHWADDR = 0x8927
WITHIN_S = 5.0


def send(lab: Lab, host: str, *packets: Packet) -> None:
    """Put packets on the host's link as they are: no kernel of the sender's changes them."""
    interface = UPLINK if host == INTERNET else host
    frame = Ether(dst=_mac(lab.gateway, interface))
    with (
        namespace.inside(lab.places.namespace(host)),
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link,
    ):
        link.bind(("eth0", ETH_P_IP))
        for packet in packets:
            link.send(bytes(frame / packet))


class Capture:
    """The IPv4 packets on a link, in both directions, while the block runs."""

    def __init__(self, host: str, interface: str) -> None:
        with namespace.inside(host):
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)
            )
        self._socket.bind((interface, ETH_P_ALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def until(self, is_last: Callable[[Packet], bool]) -> list[Packet]:
        """The packets up to and including the one that is the last. Fails if it doesn't come."""
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
            if address[1] == ETH_P_IP:
                seen.append(IP(raw))
        return seen


def _mac(host: str, interface: str) -> str:
    with namespace.inside(host), socket.socket() as any_socket:
        answer = fcntl.ioctl(any_socket, SIOCGIFHWADDR, struct.pack("256s", interface.encode()))
    return answer[18:24].hex(":")

"""1:1 NAT with NetfilterQueue and Scapy: how most examples on the web do it.

`nfq_scapy.py TABLE` with the namespace's queue 0; the file's layout is in `nfq_c.c`, as are the
marks. It loads its table before it binds the queue, and is ended by a signal.
"""

import socket
import struct
import sys
from pathlib import Path
from typing import Final

from netfilterqueue import NetfilterQueue, Packet
from scapy.layers.inet import IP, TCP, UDP

QUEUE: Final = 0
QUEUE_LENGTH: Final = 4096
SOCKET_BUFFER: Final = 32 << 20
SOL_NETLINK: Final = 270
NETLINK_NO_ENOBUFS: Final = 5
INBOUND = 1


def load(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Public to private, and private to public, as Scapy writes addresses."""
    pairs = [
        (socket.inet_ntoa(public), socket.inet_ntoa(private))
        for public, private in struct.iter_unpack("4s4s", path.read_bytes())
    ]
    return dict(pairs), {private: public for public, private in pairs}


def main() -> None:
    """Carry packets until a signal ends the process."""
    inbound, outbound = load(Path(sys.argv[1]))

    def on_packet(packet: Packet) -> None:
        parsed = IP(packet.get_payload())
        if packet.get_mark() == INBOUND:
            parsed.dst = inbound[parsed.dst]
        else:
            parsed.src = outbound[parsed.src]
        # Scapy computes what is missing.
        del parsed.chksum
        for layer in (TCP, UDP):
            if layer in parsed:
                del parsed[layer].chksum
        packet.set_payload(bytes(parsed))
        packet.accept()

    queue = NetfilterQueue()
    queue.bind(QUEUE, on_packet, max_len=QUEUE_LENGTH, sock_len=SOCKET_BUFFER)
    with socket.fromfd(queue.get_fd(), socket.AF_NETLINK, socket.SOCK_RAW) as view:
        view.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
    queue.run()


if __name__ == "__main__":
    main()

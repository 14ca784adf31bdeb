"""1:1 NAT with NetfilterQueue in plain Python: a callback, written with care for its speed.

`nfq_python.py TABLE` with the namespace's queue 0; the file's layout is in `nfq_c.c`, as are the
marks. It loads its table before it binds the queue, and is ended by a signal.
"""

import socket
import struct
import sys
from pathlib import Path
from typing import Final

from netfilterqueue import NetfilterQueue, Packet

QUEUE: Final = 0
QUEUE_LENGTH: Final = 4096
SOCKET_BUFFER: Final = 32 << 20
SOL_NETLINK: Final = 270
NETLINK_NO_ENOBUFS: Final = 5
INBOUND, OUTBOUND = 1, 2
TCP, UDP = 6, 17

WORD = struct.Struct("!H")
# Where the address stands that a direction changes.
OFFSETS: Final = {INBOUND: 16, OUTBOUND: 12}
CHECKSUM_OFFSETS: Final = {TCP: 16, UDP: 6}
Rewrite = tuple[bytes, int]  # the new address, and what it adds to a checksum


def load(path: Path) -> dict[int, dict[bytes, Rewrite]]:
    """The table of each direction, with the checksum's difference ready in it."""
    tables: dict[int, dict[bytes, Rewrite]] = {INBOUND: {}, OUTBOUND: {}}
    for public, private in struct.iter_unpack("4s4s", path.read_bytes()):
        tables[INBOUND][public] = private, difference(public, private)
        tables[OUTBOUND][private] = public, difference(private, public)
    return tables


def difference(old: bytes, new: bytes) -> int:
    """What replacing one address by the other adds to a one's complement sum (RFC 1624)."""
    before, after = int.from_bytes(old), int.from_bytes(new)
    return (~before >> 16 & 0xFFFF) + (~before & 0xFFFF) + (after >> 16) + (after & 0xFFFF)


def update(packet: bytearray, at: int, delta: int) -> int:
    """Update the checksum at `at`, and give it."""
    total: int = (~WORD.unpack_from(packet, at)[0] & 0xFFFF) + delta
    total = (total & 0xFFFF) + (total >> 16)
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    WORD.pack_into(packet, at, total)
    return total


def translate(packet: bytearray, at: int, table: dict[bytes, Rewrite]) -> bool:
    """Translate in place the address at `at`; whether the packet has one in the table."""
    rewrite = table.get(bytes(packet[at : at + 4]))
    if rewrite is None:
        return False
    new, delta = rewrite
    packet[at : at + 4] = new
    update(packet, 10, delta)
    offset = CHECKSUM_OFFSETS.get(packet[9])
    if offset is None or (packet[6] & 0x1F) or packet[7]:  # a later fragment has no such header
        return True
    where = (packet[0] & 15) * 4 + offset
    if packet[9] == TCP:
        update(packet, where, delta)
    # 0 says that there is no checksum, so one that comes to 0 is written otherwise (RFC 768).
    elif (packet[where] or packet[where + 1]) and not update(packet, where, delta):
        packet[where : where + 2] = b"\xff\xff"
    return True


def main() -> None:
    """Carry packets until a signal ends the process."""
    tables = load(Path(sys.argv[1]))

    def on_packet(packet: Packet) -> None:
        direction = packet.get_mark()
        payload = bytearray(packet.get_payload())
        if direction in OFFSETS and translate(payload, OFFSETS[direction], tables[direction]):
            packet.set_payload(bytes(payload))
            packet.accept()
        else:
            packet.drop()

    queue = NetfilterQueue()
    queue.bind(QUEUE, on_packet, max_len=QUEUE_LENGTH, sock_len=SOCKET_BUFFER)
    # Else a full buffer ends the loop.
    with socket.fromfd(queue.get_fd(), socket.AF_NETLINK, socket.SOCK_RAW) as view:
        view.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
    queue.run()


if __name__ == "__main__":
    main()

"""Checksum offload of a link, as ethtool(8) sets it.

A veth doesn't compute TCP and UDP checksums: the kernel leaves them to a card that isn't there.
That is fast, and right for the receiver, but a capture shows an unfinished checksum.
"""

import ctypes
import fcntl
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.net import namespace

SIOCETHTOOL: Final = 0x8946
ETHTOOL_STXCSUM: Final = 0x17


def set_transmit_checksum(interface: str, *, offload: bool) -> None:
    """Let the link leave checksums unfinished, or not, in this thread's namespace.

    Raises `OSError`.
    """
    # struct ethtool_value, which struct ifreq points to: an address that must outlive the call
    value = (ctypes.c_uint32 * 2)(ETHTOOL_STXCSUM, offload)
    request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


@contextmanager
def finished_checksums(host: str, interface: str) -> Iterator[None]:
    """In the block, what the host sends out of the interface has its checksums finished."""
    with namespace.inside(host):
        set_transmit_checksum(interface, offload=False)
    try:
        yield
    finally:
        with namespace.inside(host):
            set_transmit_checksum(interface, offload=True)

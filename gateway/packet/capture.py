"""Captures of packets as tcpdump and Wireshark write them, of either format, compressed or not.

A frame is read together with the bytes of the file around it. Translated, it has the same length:
so to put it back between them is to write the file as it was read, stamps, options and all. What
else is in a file is handed on as it comes. One frame or block is held at a time, and none that is
longer than `pcapng.BLOCK_MAX`, so a capture may have any size.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from gateway.packet import pcap, pcapng
from gateway.packet.frame import CaptureError, CutError, Frame, Source, first_bytes

GZIP: Final = b"\x1f\x8b"


def read(file: BinaryIO, others: Callable[[bytes], object] = len) -> Iterator[Frame]:
    """The frames of a capture; `others` is given what else is in it, in order between them.

    Raises `CutError` behind the last whole frame if the file ends inside the next one, otherwise
    `CaptureError` or `OSError`.
    """
    head = file.read(len(pcapng.MAGIC))
    source: Source = _Begun(head, file)
    if head.startswith(GZIP):
        unpacked = _Unpacked(source)
        with first_bytes():
            head = unpacked.read(len(pcapng.MAGIC))
        source = _Begun(head, unpacked)
    yield from (pcapng if head == pcapng.MAGIC else pcap).read(source, others)


class _Begun:
    """A file of which some bytes were read already: they come again."""

    def __init__(self, head: bytes, file: Source) -> None:
        self._head = head
        self._file = file

    def read(self, size: int) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        return head + self._file.read(size - len(head)) if len(head) < size else head


class _Unpacked:
    """The content of a file that gzip has compressed."""

    def __init__(self, file: Source) -> None:
        self._file = gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[call-overload]

    def read(self, size: int) -> bytes:
        try:
            raw: bytes = self._file.read(size)
        except EOFError as error:
            raise CutError("the capture ends inside its compressed data") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise CaptureError(f"damaged: gzip says: {error}") from error
        return raw

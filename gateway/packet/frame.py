"""One captured frame, and what can be wrong with a capture."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.packet import link

CAPTURED_MAX: Final = 256 * 1024  # bytes of a frame, as in libpcap; what says more is damaged


class CaptureError(ValueError):
    """The file is no capture that can be read; the text says why."""


class CutError(CaptureError):
    """The file ends inside of something that it began."""


class Source(Protocol):
    """A file to read from, once and from front to back."""

    def read(self, size: int, /) -> bytes:
        """As many bytes as asked for; fewer only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet on its link, when it was seen, and what stood around it in the file."""

    at: float  # Unix seconds
    length: int  # of the frame on the link
    link_layer: bytes
    packet: bytes  # from the IPv4 header on; may end in padding
    link: int = link.RAW  # the type of the link
    ethertype: int | None = None  # what the link layer says it carries; none if it doesn't say
    before: bytes = b""  # in the file
    behind: bytes = b""

    @property
    def is_complete(self) -> bool:
        """Whether the capture has all of the frame."""
        return len(self.content) == self.length

    @property
    def content(self) -> bytes:
        """The bytes of the frame that the capture has."""
        return self.link_layer + self.packet

    @property
    def record(self) -> bytes:
        """The frame as it stands in the file."""
        return self.before + self.content + self.behind


def framed(
    at: float, length: int, kind: int, content: bytes, before: bytes, behind: bytes = b""
) -> Frame:
    """The frame of a link of this type. Raises `CaptureError` if such ones can't be read."""
    check_link(kind)
    if len(content) > length:
        raise CaptureError(f"damaged: {len(content)} bytes captured of a packet of {length}")
    start, ethertype = link.split(kind, content)
    return Frame(at, length, content[:start], content[start:], kind, ethertype, before, behind)


def check_link(kind: int) -> None:
    """Raise `CaptureError` if frames of this link type can't be read."""
    if not link.is_known(kind):
        raise CaptureError(f"link type {kind}: only Ethernet, Linux cooked and raw IP can be read")


def check_size(size: int) -> None:
    """Raise `CaptureError` if no frame can have so many bytes."""
    if size > CAPTURED_MAX:
        raise CaptureError(f"damaged: {size} bytes of one packet; {CAPTURED_MAX} can be")


def take(file: Source, size: int, place: str) -> bytes:
    """So many bytes, which are in `place`. Raises `CutError` if there are fewer."""
    raw = file.read(size)
    if len(raw) < size:
        raise CutError(f"the capture ends inside {place}")
    return raw


@contextmanager
def first_bytes() -> Iterator[None]:
    """A file that ends inside its first header has nothing worth to be kept: it is no capture."""
    try:
        yield
    except CutError as error:
        raise CaptureError(f"not a pcap or pcapng file: {error}") from error

"""What holds for every ICMP error, whatever it quotes and however much of it."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw
from scapy.utils import checksum as full_checksum
from support import rules
from vectors.errors import KINDS, error, icmp
from vectors.row import Build
from vectors.transports import dccp, layer, raw, udp_lite

from gateway.nat.checks import is_martian
from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Table, build

IN, OUT, HAIRPIN = Direction.INBOUND, Direction.OUTBOUND, Direction.HAIRPIN
ROUTER, CLIENT, PUBLIC, PRIVATE = "192.0.2.1", "198.51.100.10", "203.0.113.9", "10.0.0.2"
OTHER_PUBLIC, OTHER_PRIVATE = "203.0.113.10", "10.0.0.3"
TABLE = build(1, 8, [Mapping(0xCB007109, 0x0A000002, 3), Mapping(0xCB00710A, 0x0A000003, 4)])
# Where in a quote without options half of a checksum is the last byte.
HALF = {6: 37, 17: 27, 33: 27, 136: 27}

WORD = st.integers(0, 0xFFFF)
OUTSIDE = st.integers(0x01000000, 0xDFFFFFFF).filter(lambda address: not is_martian(address))
ADDRESS = st.integers(0, 0xFFFFFFFF)
DATA = st.binary(max_size=60)
QUOTED: st.SearchStrategy[Build] = st.one_of(
    st.builds(lambda a, b, d: layer(TCP(sport=a, dport=b) / Raw(d)), WORD, WORD, DATA),
    st.builds(lambda a, b, d: layer(UDP(sport=a, dport=b) / Raw(d)), WORD, WORD, DATA),
    st.builds(lambda a, d: layer(UDP(sport=a, chksum=0) / Raw(d)), WORD, DATA),
    st.builds(lambda a, d: layer(ICMP(id=a) / Raw(d)), WORD, DATA),
    st.builds(udp_lite, DATA, st.sampled_from((0, 8))),
    st.builds(dccp, DATA),
    st.builds(raw, st.sampled_from((4, 47, 50, 132, 255)), DATA),
    st.builds(lambda d: raw(17, d, frag=7), DATA),
)
KIND = st.sampled_from(list(KINDS.values()))
KEEP = st.one_of(st.integers(20, 60), st.just(0xFFFF))


def translate(packet: bytearray, direction: Direction, table: Table = TABLE) -> Reason:
    return rules.translate(packet, direction, table).reason


def dotted(address: int) -> str:
    return ".".join(map(str, address.to_bytes(4, "big")))


def checksums_are_right(packet: bytearray) -> bool:
    """Whether those of the outer header and of the ICMP message are, by Scapy's reckoning."""
    start = (packet[0] & 15) * 4
    total = int.from_bytes(packet[2:4], "big")
    return full_checksum(bytes(packet[:start])) == full_checksum(bytes(packet[start:total])) == 0


def swapped(packet: bytearray) -> bytearray:
    """The error of the other way: both pairs of addresses change places, so no sum does."""
    other = bytearray(packet)
    for at in (0, 28):
        other[at + 12 : at + 16], other[at + 16 : at + 20] = (
            other[at + 16 : at + 20],
            other[at + 12 : at + 16],
        )
    return other


@given(kind=KIND, quoted=QUOTED, keep=KEEP, public=ADDRESS, private=ADDRESS, client=OUTSIDE)
def test_an_error_is_what_scapy_builds_for_any_addresses(
    kind: Any, quoted: Build, keep: int, public: int, private: int, client: int
) -> None:
    assume(0xC0000201 != public != client)
    table = build(1, 1, [Mapping(public, private, 0)])
    make, outside = error(kind, quoted, keep), dotted(client)
    packet = bytearray(make(ROUTER, dotted(public), dotted(public), outside))
    assume(len(packet) - 28 != HALF.get(packet[28 + 9]))
    assert translate(packet, IN, table) is Reason.TRANSLATED
    assert packet == make(ROUTER, dotted(private), dotted(private), outside)


@given(kind=KIND, quoted=QUOTED, keep=KEEP)
def test_out_then_in_restores_an_error(kind: Any, quoted: Build, keep: int) -> None:
    packet = bytearray(error(kind, quoted, keep)(PRIVATE, CLIENT, CLIENT, PRIVATE))
    original = bytes(packet)
    assert translate(packet, OUT) is Reason.TRANSLATED
    assert packet != original
    packet = swapped(packet)
    assert translate(packet, IN) is Reason.TRANSLATED
    assert swapped(packet) == original


@given(kind=KIND, quoted=QUOTED, keep=KEEP)
def test_a_hairpin_and_the_error_about_it_restore_each_other(
    kind: Any, quoted: Build, keep: int
) -> None:
    sent = bytearray(quoted(PRIVATE, OTHER_PUBLIC))
    original = bytes(sent)
    assert translate(sent, HAIRPIN) is Reason.TRANSLATED
    body = bytes(sent)[:keep]
    assume(len(body) != HALF.get(body[9]))
    whole = IP(src=OTHER_PRIVATE, dst=PUBLIC, proto=1) / icmp(kind, body)
    packet = bytearray(bytes(whole))
    assert translate(packet, HAIRPIN) is Reason.TRANSLATED
    assert packet[28:] == original[:keep]
    assert checksums_are_right(packet)


@settings(max_examples=500)
@given(
    kind=KIND,
    header=st.binary(min_size=20, max_size=20),
    behind=st.binary(max_size=60),
    ihl=st.integers(5, 8),
    protocol=st.sampled_from((1, 6, 17, 33, 47, 51, 136)),
    options=st.integers(0, 2),
    direction=st.sampled_from(Direction),
)
def test_the_icmp_checksum_is_the_full_computation_over_any_quote(
    kind: Any,
    header: bytes,
    behind: bytes,
    ihl: int,
    protocol: int,
    options: int,
    direction: Direction,
) -> None:
    source, destination = {
        IN: (ROUTER, PUBLIC), OUT: (PRIVATE, CLIENT), HAIRPIN: (OTHER_PRIVATE, PUBLIC),
    }[direction]  # fmt: skip
    quote = bytearray(header + behind)
    quote[0] = 0x40 | ihl
    quote[9] = protocol
    about = IP(src=destination, dst=source)
    quote[12:20] = bytes(about)[12:20]
    assume(len(quote) >= ihl * 4)
    whole = IP(src=source, dst=destination, proto=1, options=[Raw(b"\x01" * 4)] * options)
    packet = bytearray(bytes(whole / icmp(kind, bytes(quote))))
    assert checksums_are_right(packet)
    assert translate(packet, direction) is Reason.TRANSLATED
    assert checksums_are_right(packet)


@given(kind=KIND, quoted=QUOTED, keep=KEEP, direction=st.sampled_from(Direction))
def test_an_error_goes_to_who_sent_what_it_quotes(
    kind: Any, quoted: Build, keep: int, direction: Direction
) -> None:
    source, destination = {
        IN: (ROUTER, PUBLIC), OUT: (PRIVATE, CLIENT), HAIRPIN: (OTHER_PRIVATE, PUBLIC),
    }[direction]  # fmt: skip
    packet = bytearray(error(kind, quoted, keep)(source, destination, destination, source))
    before = bytes(packet)
    assert translate(packet, direction) is Reason.TRANSLATED
    assert packet[16:20] == packet[28 + 12 : 28 + 16]
    assert packet[12:16] == packet[28 + 16 : 28 + 20] or direction is IN
    assert packet[20:22] == before[20:22]  # type and code


@given(quoted=QUOTED, keep=KEEP, wrong=WORD)
def test_a_wrong_icmp_checksum_stays_wrong_by_the_same_amount(
    quoted: Build, keep: int, wrong: int
) -> None:
    packet = bytearray(error((11, 0, bytes(4)), quoted, keep)(ROUTER, PUBLIC, PUBLIC, CLIENT))
    right = int.from_bytes(packet[22:24], "big")
    other = bytearray(packet)
    other[22:24] = wrong.to_bytes(2, "big")
    assert translate(packet, IN) is translate(other, IN) is Reason.TRANSLATED
    now = int.from_bytes(packet[22:24], "big"), int.from_bytes(other[22:24], "big")
    assert (now[1] - now[0]) % 0xFFFF == (wrong - right) % 0xFFFF

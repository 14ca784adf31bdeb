"""NFQUEUE's messages and verdicts as literal bytes, and bytes that are none of either.

A buffer here ends where the message does, so that a look past its end is an `IndexError`.
"""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.queue import (
    AGGREGATE,
    ERROR,
    ID,
    MARK,
    NOT_FINISHED,
    PACKET,
    PACKET_HEADER,
    PAYLOAD,
    SKB_INFO,
    VERDICT,
    Verdict,
    attribute,
    framed,
    message,
    verdicts,
)

from gateway.engine.message import ACCEPT, DROP, Message, verdict_size, write_verdict

# As Linux 6 sends one: mark 2, in by link 3, of a machine's address, 40 bytes on the wire.
LITERAL = (
    b"\x68\0\0\0\x00\x03\0\0\0\0\0\0\0\0\0\0"  # nlmsghdr: 104 bytes, nfqueue's packet
    b"\x02\0\x00\x07"  # nfgenmsg: AF_INET, version 0, queue 7
    b"\x0b\0\x01\0\xa1\xb2\xc3\xd4\x08\0\x02\0"  # id, IPv4, hook: forward
    b"\x08\0\x05\0\0\0\0\x03"  # in by link 3
    b"\x08\0\x03\0\0\0\0\x02"  # mark
    b"\x10\0\x09\0\0\x06\0\0\x02\0\0\0\0\x01\0\0"  # hardware address
    b"\x08\0\x0d\0\0\0\0\x28"  # length of the packet, if it is copied in part
    b"\x08\0\x0e\0\0\0\0\x03"  # unfinished, an aggregate
    b"\x17\0\x0a\0" + b"E\0\0\x13" + bytes(15) + b"\0"  # payload of 19 bytes
)
PAYLOAD_AT = 20 + 12 + 8 + 8 + 16 + 8 + 8 + 4


def read(raw: bytes | bytearray, received: int | None = None) -> Message | None:
    """The message, or none if it isn't of a packet."""
    found = Message()
    is_packet = found.read(bytearray(raw), len(raw) if received is None else received)
    return found if is_packet else None


def fields(found: Message | None) -> tuple[int, int, int, int, int]:
    assert found is not None
    return found.queued_id, found.direction, found.offload, found.payload, found.length


def test_a_message_of_the_kernel_is_read() -> None:
    assert len(LITERAL) == LITERAL[0]
    assert fields(read(LITERAL)) == (ID, 2, NOT_FINISHED | AGGREGATE, PAYLOAD_AT, 19)
    assert LITERAL[PAYLOAD_AT : PAYLOAD_AT + 4] == b"E\0\0\x13"


@pytest.mark.parametrize("number", [0, 1, 0x7F, 0x80, 0x01020304, 0x7FFFFFFF, 0xFFFFFFFF])
def test_numbers_are_of_32_bits_in_network_order(number: int) -> None:
    found = fields(read(message(b"abcd", number, number, number)))
    assert found[:3] == (number, number & 3, number)


def test_what_isnt_there_is_zero_also_after_a_message_that_had_it() -> None:
    found = Message()
    assert found.read(bytearray(message(b"abcd", 3, 3, 9)), 1 << 16)
    bare = framed(attribute(99, bytes(8)) + attribute(PAYLOAD, b"xy"))
    assert found.read(bytearray(bare), len(bare))
    assert fields(found) == (0, 0, 0, 36, 2)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 20, 1500, 65_531])
def test_a_payload_has_the_length_that_its_attribute_says(length: int) -> None:
    raw = message(b"\xaa" * length)
    _, _, _, at, found = fields(read(raw))
    assert (found, raw[at : at + found]) == (length, b"\xaa" * length)


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0\0\0", bytes(100)])
def test_what_stands_behind_the_last_attribute_is_not_read(padding: bytes) -> None:
    raw = framed(attribute(PACKET_HEADER, bytes(7)) + attribute(PAYLOAD, b"abcd"))
    assert fields(read(raw + padding))[3:] == (36, 4)


def test_attributes_that_nobody_asked_for_are_skipped() -> None:
    others = b"".join(
        attribute(kind, b"\xff" * size)
        for kind, size in ((2, 8), (4, 4), (5, 0), (9, 12), (0x8013, 30), (0x4003, 4), (0xFFFF, 1))
    )
    found = fields(read(message(b"abcd", 1, 2, ID, others)))
    assert (*found[:3], found[4]) == (ID, 1, 2, 4)


@pytest.mark.parametrize("last", [PACKET_HEADER, MARK, SKB_INFO])
def test_the_order_of_attributes_is_the_kernels_to_choose(last: int) -> None:
    numbers = {PACKET_HEADER: 7, MARK: 2, SKB_INFO: 1}
    parts = [attribute(kind, struct.pack("!I", n)) for kind, n in numbers.items() if kind != last]
    parts += [attribute(PAYLOAD, b"abc"), attribute(last, struct.pack("!I", numbers[last]))]
    assert fields(read(framed(b"".join(parts)))) == (7, 2, 1, 40, 3)


def test_a_message_cut_anywhere_is_none_of_a_packet() -> None:
    raw = message(b"abcd", 1, 2)
    for length in range(len(raw)):
        assert read(raw[:length]) is None


def test_a_message_ends_where_its_header_says() -> None:
    raw = bytearray(message(b"abcd", 1, 2) + attribute(MARK, b"\0\0\0\2"))
    assert fields(read(raw))[1] == 1
    struct.pack_into("=I", raw, 0, len(raw))
    assert fields(read(raw))[1] == 2


@pytest.mark.parametrize("says", [0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_message_ends_where_what_was_received_ends(says: int) -> None:
    raw = bytearray(message(b"abcd", 1, 2))
    struct.pack_into("=I", raw, 0, says)
    assert fields(read(raw))[4] == 4
    assert fields(read(raw + bytes(7), len(raw)))[4] == 4


@pytest.mark.parametrize("says", [0, 1, 16, 19, 20, 23])
def test_a_message_that_says_it_has_no_attribute_is_none(says: int) -> None:
    raw = bytearray(message(b"abcd", 1, 2))
    struct.pack_into("=I", raw, 0, says)
    assert read(raw) is None


@pytest.mark.parametrize("size", [0, 1, 2, 3, 9, 12, 0x7FFF, 0x8000, 0xFFFF])
def test_an_attribute_of_an_impossible_length_spoils_its_message(size: int) -> None:
    good = attribute(PACKET_HEADER, bytes(7)) + attribute(PAYLOAD, b"abcd")
    raw = framed(good + struct.pack("=HH", size, MARK) + bytes(4))
    assert read(raw) is None


@pytest.mark.parametrize("kind", [PACKET_HEADER, MARK, SKB_INFO])
@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_a_number_that_isnt_whole_isnt_one(kind: int, size: int) -> None:
    raw = framed(
        attribute(99, bytes(8))
        + attribute(PAYLOAD, b"abcd")
        + struct.pack("=HH", 4 + size, kind)
        + b"\xff" * size
    )
    assert fields(read(raw)) == (0, 0, 0, 36, 4)


@pytest.mark.parametrize(
    "front", [b"", attribute(MARK, b""), attribute(MARK, b"\0\0\0\1")], ids=["0", "4", "8"]
)
def test_a_payload_without_room_for_a_verdict_in_front_is_none(front: bytes) -> None:
    assert read(framed(front + attribute(PAYLOAD, b"abcd"))) is None


def test_a_message_without_a_payload_is_none() -> None:
    assert read(framed(attribute(PACKET_HEADER, bytes(7)) + attribute(MARK, bytes(4)))) is None


@pytest.mark.parametrize("kind", [0, ERROR, 3, VERDICT, 0x0302, 0x0303, 0x0400])
def test_other_messages_are_none_of_a_packet(kind: int) -> None:
    raw = bytearray(message(b"abcd"))
    struct.pack_into("=H", raw, 4, kind)
    assert read(raw) is None
    struct.pack_into("=H", raw, 4, PACKET)
    assert read(raw) is not None


ATTRIBUTE = st.one_of(
    st.builds(attribute, st.sampled_from((1, 3, 10, 14, 5)), st.binary(max_size=40)),
    st.builds(struct.Struct("=HH").pack, st.integers(0, 60), st.integers(0, 20)),
    st.binary(max_size=8),
)


@given(
    raw=st.one_of(st.binary(max_size=120), st.lists(ATTRIBUTE, max_size=8).map(b"".join)),
    says=st.one_of(st.none(), st.integers(0, 0xFFFFFFFF)),
    is_framed=st.booleans(),
)
@example(raw=b"", says=None, is_framed=False)
@example(raw=b"", says=None, is_framed=True)
def test_no_bytes_raise_and_a_payload_is_inside_of_them(
    raw: bytes, says: int | None, is_framed: bool
) -> None:
    whole = bytearray(framed(raw) if is_framed else raw)
    if says is not None and len(whole) >= 4:
        struct.pack_into("=I", whole, 0, says)
    found = read(whole)
    if found is not None:
        assert 36 <= found.payload <= found.payload + found.length <= len(whole)


def test_a_verdict_to_accept_carries_the_packet_as_it_is_in_the_buffer() -> None:
    found = Message()
    buffer = bytearray(LITERAL)
    assert found.read(buffer, len(buffer))
    buffer[PAYLOAD_AT + 12] = 0xEE
    start = write_verdict(buffer, found, ACCEPT)
    assert start == PAYLOAD_AT - 36
    assert verdict_size(found, ACCEPT) == 36 + 19
    assert buffer[start:] == (
        b"\x37\0\0\0\x01\x03\x01\0\0\0\0\0\0\0\0\0"  # 55 bytes, nfqueue's verdict, a request
        b"\0\0\0\x07"  # queue 7
        b"\x0c\0\x02\0\0\0\0\x01\xa1\xb2\xc3\xd4"  # NF_ACCEPT, id
        b"\x17\0\x0a\0E\0\0\x13" + bytes(8) + b"\xee" + bytes(6) + b"\0"
    )


def test_a_verdict_to_drop_carries_no_packet() -> None:
    found = Message()
    buffer = bytearray(LITERAL)
    assert found.read(buffer, len(buffer))
    start = write_verdict(buffer, found, DROP)
    assert verdict_size(found, DROP) == 32
    assert buffer[start : start + 32] == (
        b"\x20\0\0\0\x01\x03\x01\0\0\0\0\0\0\0\0\0"  # 32 bytes
        b"\0\0\0\x07"
        b"\x0c\0\x02\0\0\0\0\0\xa1\xb2\xc3\xd4"  # NF_DROP, id
    )


def test_a_verdict_may_send_a_packet_on_to_its_finishing_queue() -> None:
    found = Message()
    buffer = bytearray(LITERAL)
    assert found.read(buffer, len(buffer))
    verdict = found.finishing_queue()
    assert verdict_size(found, verdict) == 32
    start = write_verdict(buffer, found, verdict)
    assert buffer[start + 16 : start + 32] == (
        b"\0\0\0\x07\x0c\0\x02\0\x80\x07\0\x03\xa1\xb2\xc3\xd4"  # queue 0x8007, NF_QUEUE, id
    )


@pytest.mark.parametrize("queue", [0x8000, 0x8007, 0xFFFF])
def test_from_a_finishing_queue_no_packet_is_sent_on(queue: int) -> None:
    found = read(message(b"abcd", queue=queue))
    assert found is not None
    assert (found.queue, found.finishing_queue()) == (queue, 0)


@pytest.mark.parametrize("length", [1, 19, 220, 65_531 - 36, 65_531])
def test_a_long_verdict_has_its_length_in_32_bits(length: int) -> None:
    payload = bytes(range(256)) * 256
    raw = message(payload[:length])
    found, buffer = Message(), bytearray(raw)
    assert found.read(buffer, len(buffer))
    start = write_verdict(buffer, found, ACCEPT)
    (says,) = struct.unpack_from("=I", buffer, start)
    assert says == verdict_size(found, ACCEPT) == 36 + length
    assert verdicts(bytes(buffer[start:])) == [Verdict(ID, True, payload[:length])]


@pytest.mark.parametrize("direction", [0, 1, 2, 3])
@pytest.mark.parametrize("shift", [0, 12, 30])
def test_a_direction_stands_in_two_bits_of_the_mark(direction: int, shift: int) -> None:
    others = 0xFFFF_FFFF & ~(3 << shift)
    found = Message(shift)
    raw = bytearray(message(bytes(20), others | direction << shift))
    assert found.read(raw, len(raw))
    assert found.direction == direction

"""Which bytes are a table: what a reader checks before the rules read them."""

from collections.abc import Iterator
from typing import Final
from zlib import crc32

from gateway.nat import layout
from gateway.nat.image import HEADER, MAGIC, check_of_head
from gateway.nat.shape import BITS_MAX, BITS_MIN, ROOMS_MAX, WORD, Rooms, Shape, block_at, rooms_of
from gateway.nat.table import BadTableError, Table
from gateway.packet.memory import Buffer, words_of

_STRIDE: Final = 64 * WORD  # checks are compared so many at once


def decode(raw: Buffer, *, checked: bytes = b"") -> Table:
    """The table that lies in `raw`. Raises `BadTableError` if none does, or it is damaged.

    `checked` are the checks of the table that was decoded in this memory before, if there was one:
    only the blocks that have another check now are read again.

    Its sizes and checksums are looked at, not its content: the rules read all numbers that stand in
    it within bounds. Who may write the file may lead packets astray, and no reader out of memory.
    """
    memory = memoryview(raw).toreadonly()
    if len(memory) < HEADER.size or bytes(memory[: len(MAGIC)]) != MAGIC:
        raise BadTableError("not a mapping table")
    _, _, slots, _, packages, bits, check, room, probes, *_, word = HEADER.unpack_from(memory)
    rooms = rooms_of(word)
    if not BITS_MIN <= bits <= BITS_MAX or packages > room or not _is_sound(rooms, word):
        raise BadTableError("the mapping table is damaged")
    shape = Shape(slots, bits, room, rooms)
    if shape.size != len(memory) or check != check_of_head(memory, shape):
        raise BadTableError("the mapping table is damaged")
    if probes > layout.PROBES:
        raise BadTableError(f"an address may lie {probes} looks away, more than {layout.PROBES}")
    table = Table(memory)
    checks = table.checks
    words, end = words_of(memoryview(checks)), shape.checks * WORD
    for number in differing(checks, checked):
        if crc32(memory[block_at(number, end)]) != words[number]:
            raise BadTableError("the mapping table is damaged")
    return table


def _is_sound(rooms: Rooms, word: int) -> bool:
    """Whether a draft makes such rooms: each within its bound, an index where there are members."""
    within = all(exponent <= most for exponent, most in zip(rooms, ROOMS_MAX, strict=True))
    has_index = rooms.bits >= BITS_MIN if rooms.members else not rooms.bits
    return within and has_index and rooms.word == word


def generation_of(header: bytes) -> int:
    """The generation in a table's first bytes, which may be no table's: 0 if they are too few."""
    at = layout.GENERATION * WORD
    return int.from_bytes(header[at : at + 2 * WORD], "little")


def differing(checks: bytes, before: bytes) -> Iterator[int]:
    """The numbers of the blocks whose checks differ from what they were before."""
    if len(checks) != len(before):
        yield from range(len(checks) // WORD)
        return
    for start in range(0, len(checks), _STRIDE):
        part = slice(start, start + _STRIDE)
        if checks[part] != before[part]:
            now, then = (words_of(memoryview(of[part])) for of in (checks, before))
            yield from (start // WORD + n for n in range(len(now)) if now[n] != then[n])

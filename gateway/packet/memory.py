"""Memory as the rules see it: a packet's bytes, and words that processes share.

The rules are compiled, too (`gateway/compiled.pyx`), where these names stand for C's pointers and
this module isn't there: index what they give, and take nothing else of a memoryview for granted.
"""

from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
Packet: TypeAlias = bytearray | memoryview
Words: TypeAlias = memoryview  # of 32 bits, unsigned
LongWords: TypeAlias = memoryview  # of 64 bits, signed


def packet_of(memory: memoryview) -> Packet:
    """The memory, to be written, as a packet."""
    return memory


def packet_at(buffer: Packet, start: int) -> Packet:
    """The packet that begins at `start` of the buffer."""
    return memoryview(buffer)[start:]


def bytes_of(buffer: Packet, start: int, length: int) -> bytes:
    """A copy of `length` bytes from `start` on."""
    return bytes(buffer[start : start + length])


def put_bytes(packet: Packet, content: bytes, length: int) -> None:
    """Overwrite the packet's first `length` bytes; both have as many."""
    packet[:length] = content[:length]


def words_of(memory: memoryview) -> Words:
    """The memory as words of 32 bits, in the machine's byte order."""
    return memory.cast("B").cast("I")


def long_words_of(memory: memoryview) -> LongWords:
    """The memory as words of 64 bits, in the machine's byte order."""
    return memory.cast("B").cast("q")


def compare_and_swap(words: LongWords, at: int, old: int, new: int) -> bool:
    """Set a word to `new` if it is `old` still; whether it was.

    Compiled, no other process can come between the two. Here it can: only one process may write.
    """
    if words[at] != old:
        return False
    words[at] = new
    return True


def load_word(words: LongWords, at: int) -> int:
    """A word that others write; compiled, what is read after it is no older than it."""
    return words[at]


def store_word(words: LongWords, at: int, value: int) -> None:
    """Write a word that others read; compiled, they see no later write before this one."""
    words[at] = value


def prefetch(words: Words | LongWords, at: int) -> None:
    """Have the processor fetch the word, which is wanted soon. Interpreted, it does nothing."""


def sum_bytes(packet: Packet, start: int, end: int) -> int:
    """The sum of the 16-bit words from `start` to `end`, an odd byte padded with 0 (RFC 1071, 1).

    Not folded: `gateway.packet.checksum.fold` does that.
    """
    covered = bytes(packet[start:end])
    covered += bytes(len(covered) % 2)
    return sum(covered[::2]) * 256 + sum(covered[1::2])

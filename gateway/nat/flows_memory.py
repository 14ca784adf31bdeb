"""The memory that a table of flows begins with: `flows` describes it."""

import secrets
import struct
from typing import Final

from gateway.nat.flows import BUCKET_WORDS, BUCKETS_AT, FLOW_BITS, FLOW_MAGIC, SECRETS

WORD: Final = 8
MAGIC: Final = int(FLOW_MAGIC).to_bytes(WORD, "little")
SECRET_BITS: Final = 63  # so that no word is negative


def flows_size(bits: int = FLOW_BITS) -> int:
    """How many bytes a table of flows with 2 ** `bits` buckets has."""
    return int(BUCKETS_AT + (BUCKET_WORDS << bits)) * WORD


def flows_head() -> bytes:
    """The first words of a new table of flows; all others are zero."""
    numbers = (secrets.randbits(SECRET_BITS) for _ in range(SECRETS))
    return struct.pack(f"<{SECRETS + 1}q", FLOW_MAGIC, *numbers)


def flows_memory(bits: int) -> bytearray:
    """A new table of flows with 2 ** `bits` buckets, in memory that no other process sees."""
    memory = bytearray(flows_size(bits))
    head = flows_head()
    memory[: len(head)] = head
    return memory

"""The mapping table's bytes: what control writes, workers map into memory, and the rules read.

All words are 32-bit and little-endian; the offsets below count words::

    header    magic "TGWTABL3" (2) | generation (2) | slots | mappings | packages | bits
              crc32 of all else | zero to word 16
    records   per slot: public | private | out kbit/s | in kbit/s | package, and bit 31 if blocked
              outbound delta, and inbound delta << 16: never 0 where the slot has a mapping
    inbound   index of public addresses    2 ** bits entries: address | slot + 1
    outbound  index of private addresses   the same; slot + 1 of 0 means empty
    packages  per number, from 1: 1 if there is one | kbit/s

An index is an open-addressing hash with linear probing, at most half full: what isn't in it is
found out in one or two looks. The hash is Fibonacci's (Knuth, The Art of Computer Programming, 3,
6.4): neighbouring addresses land far apart.

A mapping costs 24 bytes per slot and 32 to 64 for its index entries.
"""

import cython

GENERATION = cython.declare(cython.int, 2)
SLOTS = cython.declare(cython.int, 4)
MAPPINGS = cython.declare(cython.int, 5)
PACKAGES = cython.declare(cython.int, 6)
BITS = cython.declare(cython.int, 7)
RECORDS = cython.declare(cython.int, 16)

RECORD_WORDS = cython.declare(cython.int, 6)
PUBLIC = cython.declare(cython.int, 0)
PRIVATE = cython.declare(cython.int, 1)
OUT_KBPS = cython.declare(cython.int, 2)
IN_KBPS = cython.declare(cython.int, 3)
PACKAGE = cython.declare(cython.int, 4)
DELTAS = cython.declare(cython.int, 5)
BLOCKED_BIT = cython.declare(cython.uint, 0x80000000)  # in the word of the package

ENTRY_WORDS = cython.declare(cython.int, 2)
PACKAGE_WORDS = cython.declare(cython.int, 2)

GOLDEN = cython.declare(cython.uint, 0x9E3779B9)  # 2 ** 32 divided by the golden ratio
MASK = cython.declare(cython.uint, 0xFFFFFFFF)  # C's words of 32 bits need none


@cython.cfunc
def bucket_of(address: cython.uint, bits: cython.int) -> cython.uint:
    """Where an index of `2 ** bits` entries has the address first looked for; 1 ≤ bits ≤ 31."""
    return (address * GOLDEN & MASK) >> (32 - bits)

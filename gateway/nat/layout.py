"""The mapping table's bytes: what control writes, workers map into memory, and the rules read.

All words are 32-bit and little-endian; the offsets below count words::

    header    magic "TGWTABL5" (2) | generation (2) | slots | mappings | packages | bits
              crc32 of the header's other words and the checks | room for packages | probes
              first and last address of two networks of the pool (4), 0 for none
              rooms of the policies: five exponents of 5 bits, from the lowest: index bits, members,
              groups, sets of remotes, units; an exponent of 0 is no room
    records   per slot: public | private | out kbit/s | in kbit/s | package, and bit 31 if blocked,
              bit 30 if the private address is a member
              outbound delta, and inbound delta << 16: never 0 where the slot has a mapping
    inbound   index of public addresses    2 ** bits + probes entries: address | slot + 1
    outbound  index of private addresses   the same; slot + 1 of 0 means empty
    packages  per number, from 1: 1 if there is one | kbit/s; as many as there is room for
    policies  only if there is room for any: generation of the last change in them (2) | members | 0
      index   of members' private addresses, as those above, with bits of its own
      members per place: private | numbers of up to five groups, in order, 0 behind | 0 | 0
      groups  per number, from 1: first unit of its rules | ingress rules | egress rules | 1
      remotes per number, from 1: first unit of its ranges | ranges + 1
      units   of four words. A rule is one: protocol, and bit 31 if it admits | first port, and
              last port << 16 | number of its set of remotes, 0 for all | index of the user's rule
              Two ranges are one: first address | last address, and again
    checks    crc32 of each block: 4,096 bytes, from the records to the policies' end

An index is an open-addressing hash, at most half full, in the order of the hash: an address has its
first place by the hash's highest bits, and lies there or in one of the next places. It lies less
than `probes` places further on: whoever looks for it looks so often, and not more. What isn't there
is mostly found out in one or two looks: the first empty place ends the search.

The hash is Fibonacci's (Knuth, The Art of Computer Programming, 3, 6.4): neighbouring addresses
land far apart. No two addresses have the same hash, so equal mappings give equal indexes.

A mapping costs 24 bytes per slot and 32 to 64 for its index entries. A member costs 32 and 16 to 32
for its index entry; a rule 16 and a range 8, and up to as much again, since they lie in pieces of
2 ** n units. A group's rules are there once, however many members it has.
"""

import cython

GENERATION = cython.declare(cython.int, 2)
SLOTS = cython.declare(cython.int, 4)
MAPPINGS = cython.declare(cython.int, 5)
PACKAGES = cython.declare(cython.int, 6)
BITS = cython.declare(cython.int, 7)
ROOM = cython.declare(cython.int, 9)
POOLS = cython.declare(cython.int, 11)
ROOMS = cython.declare(cython.int, 15)
RECORDS = cython.declare(cython.int, 16)

RECORD_WORDS = cython.declare(cython.int, 6)
PUBLIC = cython.declare(cython.int, 0)
PRIVATE = cython.declare(cython.int, 1)
OUT_KBPS = cython.declare(cython.int, 2)
IN_KBPS = cython.declare(cython.int, 3)
PACKAGE = cython.declare(cython.int, 4)
DELTAS = cython.declare(cython.int, 5)
BLOCKED_BIT = cython.declare(cython.uint, 0x80000000)  # in the word of the package
MEMBER_BIT = cython.declare(cython.uint, 0x40000000)  # in the word of the package
PACKAGE_MASK = cython.declare(cython.uint, 0x3FFFFFFF)

ENTRY_WORDS = cython.declare(cython.int, 2)
PROBES = cython.declare(cython.int, 32)
PACKAGE_WORDS = cython.declare(cython.int, 2)

ROOM_BITS = cython.declare(cython.int, 5)
POLICY_WORDS = cython.declare(cython.int, 4)  # in front of the index of members
MEMBER_WORDS = cython.declare(cython.int, 8)
MEMBER_GROUPS = cython.declare(cython.int, 1)
GROUPS_PER_MEMBER = cython.declare(cython.int, 5)
GROUP_WORDS = cython.declare(cython.int, 4)
REMOTES_WORDS = cython.declare(cython.int, 2)
UNIT_WORDS = cython.declare(cython.int, 4)
RANGE_WORDS = cython.declare(cython.int, 2)
ANY_PROTOCOL = cython.declare(cython.int, 256)  # of a rule
ADMITS_BIT = cython.declare(cython.uint, 0x80000000)  # in the word of the protocol

GOLDEN = cython.declare(cython.uint, 0x9E3779B9)  # 2 ** 32 divided by the golden ratio
MASK = cython.declare(cython.uint, 0xFFFFFFFF)  # C's words of 32 bits need none


@cython.cfunc
def bucket_of(address: cython.uint, bits: cython.int) -> cython.uint:
    """Where an index has the address first looked for: below 2 ** bits; 1 ≤ bits ≤ 31."""
    return (address * GOLDEN & MASK) >> (32 - bits)

"""A table as the rules read it: words in shared memory, looked up without a copy."""

import cython

if not cython.compiled:
    from gateway.nat.layout import (
        BITS,
        BLOCKED_BIT,
        DELTAS,
        ENTRY_WORDS,
        IN_KBPS,
        MEMBER_BIT,
        OUT_KBPS,
        PACKAGE,
        PACKAGE_MASK,
        PACKAGE_WORDS,
        PACKAGES,
        POOLS,
        PRIVATE,
        PROBES,
        PUBLIC,
        RECORD_WORDS,
        RECORDS,
        SLOTS,
        bucket_of,
    )
    from gateway.nat.policy_view import PolicyView
    from gateway.packet.memory import Words, prefetch, words_of

NONE = cython.declare(cython.int, -1)
LARGE = cython.declare(cython.int, 14)  # bits: an index of 128 kB, more than the first cache holds


@cython.final
@cython.cclass
class TableView:
    """The words of one table, from where they are. The table must have been checked before.

    What is read later is read within bounds: a slot and a package are numbers into other memory.
    """

    policies: PolicyView
    _memory: object
    _words: Words
    _bits: cython.int
    _slots: cython.longlong
    _last_package: cython.uint
    _inbound: cython.longlong
    _outbound: cython.longlong
    _packages: cython.longlong

    def __init__(self, memory: memoryview) -> None:
        """`memory` is laid out as `gateway.nat.layout` says; it is held while the view lives."""
        self._memory = memory
        self.policies = PolicyView(memory)
        self._words = words_of(memory)
        self._bits = self._words[BITS]
        entries: cython.longlong = 1
        entries = (entries << self._bits) + PROBES
        self._slots = self._words[SLOTS]
        self._last_package = self._words[PACKAGES]
        self._inbound = RECORDS + self._slots * RECORD_WORDS
        self._outbound = self._inbound + entries * ENTRY_WORDS
        self._packages = self._outbound + entries * ENTRY_WORDS

    @cython.cfunc
    @cython.exceptval(check=False)
    def of_public(self, address: cython.uint) -> cython.int:
        """The slot of the mapping with this public address, or `NONE`."""
        return self._find(self._inbound, address)

    @cython.cfunc
    @cython.exceptval(check=False)
    def of_private(self, address: cython.uint) -> cython.int:
        """The slot of the mapping with this private address, or `NONE`."""
        return self._find(self._outbound, address)

    @cython.cfunc
    @cython.exceptval(check=False)
    def in_pools(self, address: cython.uint) -> cython.bint:
        """Whether the address is of the pool, with a mapping or without; true for 0.0.0.0, too."""
        words = self._words
        return (
            words[POOLS] <= address <= words[POOLS + 1]
            or words[POOLS + 2] <= address <= words[POOLS + 3]
        )

    @cython.cfunc
    def is_large(self) -> cython.bint:
        """Whether the table's words are seldom in the processor's cache already."""
        return self._bits >= LARGE

    @cython.cfunc
    @cython.exceptval(check=False)
    def expect_public(self, address: cython.uint) -> cython.void:
        """Say that `of_public` will be asked for this address soon."""
        prefetch(self._words, self._inbound + bucket_of(address, self._bits) * ENTRY_WORDS)

    @cython.cfunc
    @cython.exceptval(check=False)
    def expect_private(self, address: cython.uint) -> cython.void:
        """Say that `of_private` will be asked for this address soon."""
        prefetch(self._words, self._outbound + bucket_of(address, self._bits) * ENTRY_WORDS)

    @cython.cfunc
    @cython.exceptval(check=False)
    def expect(self, slot: cython.longlong) -> cython.void:
        """Say that the record of this slot is wanted soon."""
        prefetch(self._words, RECORDS + slot * RECORD_WORDS)
        prefetch(self._words, RECORDS + slot * RECORD_WORDS + DELTAS)

    @cython.cfunc
    def public(self, slot: cython.longlong) -> cython.uint:
        """The public address of the mapping at `slot`."""
        return self._words[RECORDS + slot * RECORD_WORDS + PUBLIC]

    @cython.cfunc
    def private(self, slot: cython.longlong) -> cython.uint:
        """The private address of the mapping at `slot`."""
        return self._words[RECORDS + slot * RECORD_WORDS + PRIVATE]

    @cython.cfunc
    def outbound_delta(self, slot: cython.longlong) -> cython.uint:
        """What checksums take in when its private address becomes its public one."""
        return self._words[RECORDS + slot * RECORD_WORDS + DELTAS] & 0xFFFF

    @cython.cfunc
    def inbound_delta(self, slot: cython.longlong) -> cython.uint:
        """What checksums take in when its public address becomes its private one."""
        return self._words[RECORDS + slot * RECORD_WORDS + DELTAS] >> 16

    @cython.cfunc
    def kbps(self, slot: cython.longlong, outbound: cython.bint) -> cython.uint:
        """The address's cap in a direction; 0 if it has none."""
        field: cython.int = OUT_KBPS if outbound else IN_KBPS
        return self._words[RECORDS + slot * RECORD_WORDS + field]

    @cython.cfunc
    def package(self, slot: cython.longlong) -> cython.uint:
        """The number of the address's bandwidth package; 0 if it is in none."""
        number: cython.uint = self._words[RECORDS + slot * RECORD_WORDS + PACKAGE] & PACKAGE_MASK
        return number if number <= self._last_package else 0

    @cython.cfunc
    def blocked(self, slot: cython.longlong) -> cython.bint:
        """Whether nothing may pass to or from the address at `slot`."""
        return (self._words[RECORDS + slot * RECORD_WORDS + PACKAGE] & BLOCKED_BIT) != 0

    @cython.cfunc
    def is_member(self, slot: cython.longlong) -> cython.bint:
        """Whether security groups filter the private address of the mapping at `slot`."""
        return (self._words[RECORDS + slot * RECORD_WORDS + PACKAGE] & MEMBER_BIT) != 0

    @cython.cfunc
    def package_kbps(self, number: cython.longlong) -> cython.uint:
        """The cap of a package in each direction."""
        return self._words[self._packages + (number - 1) * PACKAGE_WORDS + 1]

    @cython.cfunc
    @cython.exceptval(check=False)
    def _find(self, index: cython.longlong, address: cython.uint) -> cython.int:
        entry: cython.longlong = index + bucket_of(address, self._bits) * ENTRY_WORDS
        end: cython.longlong = entry + PROBES * ENTRY_WORDS
        while entry < end and self._words[entry + 1]:
            if self._words[entry] == address:
                slot: cython.longlong = self._words[entry + 1]
                return slot - 1 if slot <= self._slots else NONE
            entry += ENTRY_WORDS
        return NONE

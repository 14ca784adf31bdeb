"""Policing: what an address has bought, and not more.

A token bucket per public address and direction, and one per bandwidth package and direction. Tokens
are IP bytes. A packet passes if each of its buckets has enough for all of it, and takes from all of
them or from none.

A bucket is one word that all workers share: *since when* it has been filling, from empty on. It
holds `now - since` seconds of the rate, at most its depth; a packet moves that moment forward by
the seconds it takes (the virtual scheduling algorithm of ITU-T I.371). So nothing has to be filled,
a new rate counts from the next packet on, and one compare-and-swap takes what it needs or nothing:
several workers give an address exactly what one would.
"""

import cython

if not cython.compiled:
    from gateway.nat.view import TableView
    from gateway.packet.memory import LongWords, compare_and_swap, long_words_of

from gateway.nat.reasons import Reason

# Time is counted in ticks of 1/16 ns: a packet of 20 bytes at 100 Gbit/s is 26 of them, and 64 bits
# of them are 18 years.
TICKS_PER_NS = cython.declare(cython.longlong, 16)
TICKS_PER_BYTE_AT_1_KBPS = cython.declare(cython.longlong, 128_000_000)  # 8 bits, of 1 ms
BURST = cython.declare(cython.longlong, 3_200_000_000)  # 0.2 s: TCP's least time to try again
BURST_MIN = cython.declare(cython.longlong, 131_070)  # bytes: two of the largest packets there are
# The greatest depth, of 1 kbit/s. Words are ahead of time by it, so that 0 is full at any time.
DEPTH_MAX = cython.declare(cython.longlong, 131_070 * 128_000_000)
# By how much the time of another worker's turn may be ahead of ours, in ticks: 60 s.
AHEAD_MAX = cython.declare(cython.longlong, 960_000_000_000)

BUCKETS = cython.declare(cython.int, 2)  # of an address, or a package: one for each of
RECEIVES = cython.declare(cython.int, 0)
SENDS = cython.declare(cython.int, 1)


@cython.cfunc
def take(
    words: LongWords,
    at: cython.longlong,
    kbps: cython.longlong,
    length: cython.longlong,
    now: cython.longlong,
) -> cython.bint:
    """Take `length` bytes from a bucket at `now`, in ticks; False, and nothing is, if it has less.

    A bucket of no rate has nothing.
    """
    if kbps == 0:
        return False
    latest: cython.longlong = now + DEPTH_MAX
    full: cython.longlong = latest - max(BURST, BURST_MIN * TICKS_PER_BYTE_AT_1_KBPS // kbps)
    cost: cython.longlong = (length * TICKS_PER_BYTE_AT_1_KBPS + kbps - 1) // kbps
    before: cython.longlong
    after: cython.longlong
    while True:
        before = words[at]
        # No worker writes a later time: a word that has one is damaged, and would never pass.
        after = (full if before > latest + AHEAD_MAX else max(before, full)) + cost
        if after > latest:
            return False
        if compare_and_swap(words, at, before, after):
            return True


@cython.cfunc
@cython.exceptval(check=False)
def give_back(
    words: LongWords, at: cython.longlong, kbps: cython.longlong, length: cython.longlong
) -> cython.void:
    """Undo a `take` of the same rate and length."""
    cost: cython.longlong = (length * TICKS_PER_BYTE_AT_1_KBPS + kbps - 1) // kbps
    before: cython.longlong = words[at]
    while not compare_and_swap(words, at, before, before - cost):
        before = words[at]


@cython.final
@cython.cclass
class Policer:
    """The buckets that a worker shares with all others."""

    _held: object
    _addresses: LongWords
    _packages: LongWords

    def __init__(self, addresses: memoryview, packages: memoryview) -> None:
        """Both are of 64-bit words, `BUCKETS` for each slot and package; a word of 0 is full."""
        self._held = (addresses, packages)
        self._addresses = long_words_of(addresses)
        self._packages = long_words_of(packages)

    @cython.cfunc
    def admits(
        self,
        table: TableView,
        sender: cython.int,
        receiver: cython.int,
        length: cython.int,
        now: cython.longlong,
    ) -> cython.int:
        """Whether `length` bytes may pass at `now`, in ticks; 0, or the reason why not.

        The sender's outbound buckets are asked and the receiver's inbound ones; either may be
        negative, for nobody.
        """
        reason: cython.int = 0
        if sender >= 0:
            reason = self._take(table, sender, SENDS, length, now)
        if reason == 0 and receiver >= 0:
            reason = self._take(table, receiver, RECEIVES, length, now)
            if reason != 0 and sender >= 0:
                self._give_back(table, sender, SENDS, length)
        return reason

    @cython.cfunc
    def _take(
        self,
        table: TableView,
        slot: cython.longlong,
        way: cython.int,
        length: cython.int,
        now: cython.longlong,
    ) -> cython.int:
        kbps: cython.longlong = table.kbps(slot, way == SENDS)
        number: cython.longlong = table.package(slot)
        own: cython.longlong = slot * BUCKETS + way
        if kbps and not take(self._addresses, own, kbps, length, now):
            return Reason.POLICED
        if number and not take(
            self._packages,
            (number - 1) * BUCKETS + way,
            table.package_kbps(number),
            length,
            now,
        ):
            if kbps:
                give_back(self._addresses, own, kbps, length)
            return Reason.PACKAGE_POLICED
        return 0

    @cython.cfunc
    @cython.exceptval(check=False)
    def _give_back(
        self,
        table: TableView,
        slot: cython.longlong,
        way: cython.int,
        length: cython.int,
    ) -> cython.void:
        kbps: cython.longlong = table.kbps(slot, way == SENDS)
        number: cython.longlong = table.package(slot)
        if kbps:
            give_back(self._addresses, slot * BUCKETS + way, kbps, length)
        if number:
            package: cython.longlong = (number - 1) * BUCKETS + way
            give_back(self._packages, package, table.package_kbps(number), length)

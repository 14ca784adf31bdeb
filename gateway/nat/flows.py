"""The flows that security groups have admitted: a table that all who judge packets share.

A flow is known by its member's private address, the remote address, the protocol and a port of
each; ICMP messages with an identifier have that for the member's port. Memory is words of 64 bits,
none of which is ever negative::

    head       magic | five random numbers | zeros (10)
    fragments  4,096 places of three words: whose, of which datagram, decision and time
    buckets    2 ** n of eight flows: 8 states | 8 first key words | 8 second key words
    state      generation of the policies (31 bits) | second of the last packet (28)
               way of the first packet (1) | kind (3)

A flow costs 24 bytes. Its bucket follows from a hash with random numbers that nobody outside knows
(multilinear: Lemire and Kaser, 2014), so that who chooses ports can't choose buckets.

A state is changed by compare-and-swap. Who takes a place claims its state, writes the key, and
publishes the state: a reader that meets a claimed place, or one that changes meanwhile, finds
nothing there. In a full bucket the place is taken whose flow is over; else the one with the oldest
flow that isn't open, and then the oldest of all: a flood of flows that nobody answers takes no
place from those that are answered.
"""

import cython

if not cython.compiled:
    from gateway.nat.policy_view import EGRESS
    from gateway.packet.memory import (
        LongWords,
        compare_and_swap,
        load_word,
        long_words_of,
        store_word,
    )
    from gateway.packet.transport import ICMP, TCP

FLOW_MAGIC = cython.declare(cython.longlong, 0x5447_5746_4C4F_5731)  # "TGWFLOW1"
SECRETS_AT = cython.declare(cython.int, 1)
SECRETS = cython.declare(cython.int, 5)
FRAGMENTS_AT = cython.declare(cython.int, 16)
FRAGMENT_BITS = cython.declare(cython.int, 12)
DATAGRAM_BITS = cython.declare(cython.int, 25)  # whose fragment: way, protocol, identification
FRAGMENT_WORDS = cython.declare(cython.int, 3)
BUCKETS_AT = cython.declare(cython.int, 16 + 4096 * 3)
BUCKET_WORDS = cython.declare(cython.int, 24)
WAYS = cython.declare(cython.int, 8)
FLOW_BITS = cython.declare(cython.int, 17)  # buckets for 1,048,576 flows
FLOW_BITS_MAX = cython.declare(cython.int, 24)

# Kinds of a flow. One that isn't open yet is half of one: only its first way was seen, or no more
# than an answer to that.
EMPTY = cython.declare(cython.int, 0)
CLAIMED = cython.declare(cython.int, 1)
OPENING = cython.declare(cython.int, 2)
ANSWERED = cython.declare(cython.int, 3)
OPEN = cython.declare(cython.int, 4)
CLOSING = cython.declare(cython.int, 5)
ENDED = cython.declare(cython.int, 6)  # TCP's: its rules admit it no longer

KIND_MASK = cython.declare(cython.longlong, 7)
INBOUND_BIT = cython.declare(cython.longlong, 8)
SECOND_SHIFT = cython.declare(cython.int, 4)
SECOND_MASK = cython.declare(cython.longlong, 0xFFF_FFFF)
SINCE_SHIFT = cython.declare(cython.int, 32)
SINCE_MASK = cython.declare(cython.longlong, 0x7FFF_FFFF)

# For how many seconds without a packet a flow is known.
TCP_OPEN_S = cython.declare(cython.longlong, 7440)  # RFC 5382, REQ-5: 2 hours and 4 minutes
TCP_TRANSITORY_S = cython.declare(cython.longlong, 240)  # RFC 5382, REQ-5: 4 minutes
ICMP_S = cython.declare(cython.longlong, 60)  # RFC 5508, REQ-2
OTHER_S = cython.declare(cython.longlong, 300)  # RFC 4787, REQ-5: 5 minutes for UDP
FRAGMENT_S = cython.declare(cython.longlong, 30)  # for which Linux waits for a datagram's rest
CLAIM_S = cython.declare(cython.longlong, 60)  # who claimed a place and never published is gone
AHEAD_S = cython.declare(cython.longlong, 60)  # by so much a time may be ahead of another worker's

RANK_OPEN = cython.declare(cython.longlong, 1 << 32)
RANK_NEVER = cython.declare(cython.longlong, 1 << 40)
HASH_MASK = cython.declare(cython.ulonglong, 0xFFFF_FFFF_FFFF_FFFF)

FRAGMENT_UNKNOWN = cython.declare(cython.int, 0)
FRAGMENT_ADMITTED = cython.declare(cython.int, 1)
FRAGMENT_DROPPED = cython.declare(cython.int, 2)


@cython.cfunc
def flow_state(
    since: cython.longlong, second: cython.longlong, inbound: cython.bint, kind: cython.longlong
) -> cython.longlong:
    """The state of a flow, of its four parts."""
    way: cython.longlong = INBOUND_BIT if inbound else 0
    return (since & SINCE_MASK) << SINCE_SHIFT | (second & SECOND_MASK) << SECOND_SHIFT | way | kind


@cython.cfunc
def kind_of(state: cython.longlong) -> cython.int:
    """The kind of flow that a state says."""
    return state & KIND_MASK


@cython.cfunc
def since_of(state: cython.longlong) -> cython.longlong:
    """The generation of the policies by which the flow was judged last."""
    return state >> SINCE_SHIFT & SINCE_MASK


@cython.cfunc
def began_inbound(state: cython.longlong) -> cython.bint:
    """Whether the first packet of the flow went to the member."""
    return (state & INBOUND_BIT) != 0


@cython.cfunc
def is_over(state: cython.longlong, protocol: cython.int, second: cython.longlong) -> cython.bint:
    """Whether nothing was seen of the flow for so long that it isn't known any more."""
    idle: cython.longlong = second - (state >> SECOND_SHIFT & SECOND_MASK)
    most: cython.longlong = OTHER_S
    if protocol == TCP:
        kind: cython.int = kind_of(state)
        most = TCP_OPEN_S if kind in (OPEN, ENDED) else TCP_TRANSITORY_S
    elif protocol == ICMP:
        most = ICMP_S
    return idle > most or idle < -AHEAD_S


@cython.final
@cython.cclass
class Flows:
    """Flows in shared memory, of which one is at hand: the one that was looked for last."""

    _held: object
    _words: LongWords
    _bits: cython.int
    _secret_0: cython.ulonglong
    _secret_1: cython.ulonglong
    _secret_2: cython.ulonglong
    _secret_3: cython.ulonglong
    _secret_4: cython.ulonglong
    _first: cython.longlong  # the key of the flow at hand, and where it is
    _second: cython.longlong
    _protocol: cython.int
    _bucket: cython.longlong
    _at: cython.longlong

    def __init__(self, memory: memoryview) -> None:
        """`memory` is of 64-bit words, as many as there are; in too few nothing is kept."""
        self._held = memory
        self._words = long_words_of(memory)
        buckets = (len(memory) // 8 - BUCKETS_AT) // BUCKET_WORDS
        self._bits = min(buckets.bit_length() - 1, FLOW_BITS_MAX) if buckets >= 2 else 0
        secrets = [0] * SECRETS
        if self._bits:
            secrets = [self._words[SECRETS_AT + n] & HASH_MASK for n in range(SECRETS)]
        self._secret_0, self._secret_1, self._secret_2, self._secret_3, self._secret_4 = secrets
        self._first = self._second = self._bucket = self._at = 0
        self._protocol = 0

    @cython.cfunc
    def find(
        self,
        private: cython.uint,
        remote: cython.uint,
        protocol: cython.int,
        own_port: cython.uint,
        port: cython.uint,
        second: cython.longlong,
    ) -> cython.longlong:
        """Take a flow at hand; returns its state, 0 if it isn't known.

        `own_port` is the member's and `port` the remote's.
        """
        whose: cython.longlong = private
        where: cython.longlong = remote
        self._first = whose << 16 | own_port
        self._second = where << 24 | protocol << 16 | port
        self._protocol = protocol
        self._at = 0
        if self._bits == 0:
            return 0
        ports: cython.ulonglong = own_port << 16 | port
        hashed: cython.ulonglong = self._hash(private, remote, ports, protocol)
        self._bucket = BUCKETS_AT + BUCKET_WORDS * (hashed >> (64 - self._bits))
        return self._look(second)

    @cython.cfunc
    def again(self, second: cython.longlong) -> cython.longlong:
        """The state that the flow at hand has now, which may have changed."""
        return self._look(second) if self._bits else 0

    @cython.cfunc
    def change(self, before: cython.longlong, after: cython.longlong) -> cython.bint:
        """Change the state of the flow at hand, if it is `before` still; whether it was."""
        return compare_and_swap(self._words, self._at, before, after)

    @cython.cfunc
    @cython.exceptval(check=False)
    def open(self, state: cython.longlong, second: cython.longlong) -> cython.void:
        """Keep the flow at hand, which isn't known.

        Nothing is kept if another takes the same place meanwhile: the next packet tries again.
        """
        words = self._words
        claim: cython.longlong = flow_state(0, second, EGRESS, CLAIMED)
        at: cython.longlong = self._place(second) if self._bits else 0
        if at == 0:
            return
        before: cython.longlong = load_word(words, at)
        if self._rank(at, before, second) == RANK_NEVER:
            return  # another has claimed it just now
        if compare_and_swap(words, at, before, claim):
            store_word(words, at + WAYS, self._first)
            store_word(words, at + 2 * WAYS, self._second)
            compare_and_swap(words, at, claim, state)

    @cython.cfunc
    def fragment(
        self,
        private: cython.uint,
        remote: cython.uint,
        datagram: cython.uint,
        second: cython.longlong,
    ) -> cython.int:
        """What was decided on the first fragment of a datagram: a `FRAGMENT_…`."""
        if self._bits == 0:
            return FRAGMENT_UNKNOWN
        words = self._words
        at: cython.longlong = self._fragment_at(private, remote, datagram)
        found: cython.longlong = load_word(words, at + 2)
        whose: cython.longlong = private
        where: cython.longlong = remote
        what: cython.longlong = where << DATAGRAM_BITS | datagram
        if load_word(words, at) != whose or load_word(words, at + 1) != what:
            return FRAGMENT_UNKNOWN
        idle: cython.longlong = second - (found >> 2)
        if load_word(words, at + 2) != found or idle > FRAGMENT_S or idle < -AHEAD_S:
            return FRAGMENT_UNKNOWN
        return found & 3

    @cython.cfunc
    @cython.exceptval(check=False)
    def note_fragment(
        self,
        private: cython.uint,
        remote: cython.uint,
        datagram: cython.uint,
        decision: cython.int,
        second: cython.longlong,
    ) -> cython.void:
        """Have the rest of a datagram go the way of its first fragment."""
        if self._bits == 0:
            return
        words = self._words
        at: cython.longlong = self._fragment_at(private, remote, datagram)
        whose: cython.longlong = private
        where: cython.longlong = remote
        store_word(words, at + 2, 0)
        store_word(words, at, whose)
        store_word(words, at + 1, where << DATAGRAM_BITS | datagram)
        store_word(words, at + 2, second << 2 | decision)

    @cython.cfunc
    def _hash(
        self,
        private: cython.ulonglong,
        remote: cython.ulonglong,
        ports: cython.ulonglong,
        protocol: cython.ulonglong,
    ) -> cython.ulonglong:
        return (
            self._secret_0
            + self._secret_1 * private
            + self._secret_2 * remote
            + self._secret_3 * ports
            + self._secret_4 * protocol
        ) & HASH_MASK

    @cython.cfunc
    def _look(self, second: cython.longlong) -> cython.longlong:
        words = self._words
        at: cython.longlong
        for at in range(self._bucket, self._bucket + WAYS):
            if not self._has_key(at):
                continue
            state: cython.longlong = load_word(words, at)
            if kind_of(state) < OPENING or not self._has_key(at):
                continue  # or the place was taken since, perhaps by a flow of the same remote
            if not is_over(state, self._protocol, second):
                self._at = at
                return state
        self._at = 0
        return 0

    @cython.cfunc
    def _has_key(self, at: cython.longlong) -> cython.bint:
        """Whether the place has the key at hand: the word written last is read first."""
        words = self._words
        return (
            load_word(words, at + 2 * WAYS) == self._second
            and load_word(words, at + WAYS) == self._first
        )

    @cython.cfunc
    def _place(self, second: cython.longlong) -> cython.longlong:
        """The place in the bucket that is best taken; 0 if there is none."""
        least: cython.longlong = RANK_NEVER
        found: cython.longlong = 0
        at: cython.longlong
        for at in range(self._bucket, self._bucket + WAYS):
            rank: cython.longlong = self._rank(at, load_word(self._words, at), second)
            if rank < least:
                least, found = rank, at
        return found

    @cython.cfunc
    def _rank(
        self, at: cython.longlong, state: cython.longlong, second: cython.longlong
    ) -> cython.longlong:
        """How much a place is worth to who has it."""
        kind: cython.int = kind_of(state)
        seen: cython.longlong = state >> SECOND_SHIFT & SECOND_MASK
        if kind == EMPTY:
            return 0
        if kind == CLAIMED:
            return 0 if second - seen > CLAIM_S else RANK_NEVER
        if self._has_key(at) or is_over(
            state, load_word(self._words, at + 2 * WAYS) >> 16 & 0xFF, second
        ):
            return 0
        return RANK_OPEN + seen if kind == OPEN else seen + 1

    @cython.cfunc
    def _fragment_at(
        self, private: cython.uint, remote: cython.uint, datagram: cython.uint
    ) -> cython.longlong:
        hashed: cython.ulonglong = self._hash(private, remote, datagram, 0)
        return FRAGMENTS_AT + FRAGMENT_WORDS * (hashed >> (64 - FRAGMENT_BITS))

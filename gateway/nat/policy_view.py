"""Security groups as the rules read them: words of a table in shared memory, without a copy.

Whatever stands in the words is read within the table's bounds.
"""

import cython

if not cython.compiled:
    from gateway.nat.layout import (
        ADMITS_BIT,
        ANY_PROTOCOL,
        BITS,
        ENTRY_WORDS,
        GROUP_WORDS,
        GROUPS_PER_MEMBER,
        MEMBER_GROUPS,
        MEMBER_WORDS,
        PACKAGE_WORDS,
        POLICY_WORDS,
        PROBES,
        RANGE_WORDS,
        RECORD_WORDS,
        RECORDS,
        REMOTES_WORDS,
        ROOM,
        ROOM_BITS,
        ROOMS,
        SLOTS,
        UNIT_WORDS,
        bucket_of,
    )
    from gateway.packet.memory import Words, words_of
    from gateway.packet.transport import TCP, UDP

NO_PLACE = cython.declare(cython.longlong, -1)
UNKNOWN_PORT = cython.declare(cython.int, -1)  # of a later fragment
ALL_PORTS = cython.declare(cython.uint, 0xFFFF0000)  # as a rule has them: from 0 to 65535

# Ways of a packet, as the groups of one member see it.
EGRESS = cython.declare(cython.bint, bool(0))
INGRESS = cython.declare(cython.bint, bool(1))

UNDECIDED = cython.declare(cython.int, 0)
ADMITTED = cython.declare(cython.int, 1)
REFUSED = cython.declare(cython.int, 2)


@cython.cfunc
def room_of(word: cython.uint, at: cython.int) -> cython.longlong:
    """How many places the room `at` has, of those that a header's word says."""
    exponent: cython.int = word >> at * ROOM_BITS & ((1 << ROOM_BITS) - 1)
    one: cython.longlong = 1
    return one << exponent if exponent else 0


@cython.final
@cython.cclass
class PolicyView:
    """The policies of one table, and which rule of them decided last."""

    group: cython.uint  # of the rule that decided last; 0 if no rule did
    policy_index: cython.uint
    since: cython.longlong  # the generation in which any of them changed last
    _held: object
    _words: Words
    _bits: cython.int
    _index: cython.longlong
    _member_room: cython.longlong
    _members: cython.longlong
    _group_room: cython.longlong
    _groups: cython.longlong
    _remotes_room: cython.longlong
    _remotes: cython.longlong
    _unit_room: cython.longlong
    _units: cython.longlong

    def __init__(self, memory: memoryview) -> None:
        """`memory` is of a table that was checked; it is held while the view lives."""
        self._held = memory
        words = self._words = words_of(memory)
        rooms: cython.uint = words[ROOMS]
        one: cython.longlong = 1
        index: cython.longlong = ((one << words[BITS]) + PROBES) * ENTRY_WORDS
        slots: cython.longlong = words[SLOTS]
        packages: cython.longlong = words[ROOM]
        at: cython.longlong = RECORDS + slots * RECORD_WORDS + 2 * index + packages * PACKAGE_WORDS
        self.group = self.policy_index = 0
        self.since = 0
        if rooms:
            low: cython.longlong = words[at]
            high: cython.longlong = words[at + 1]
            self.since = (high & 0x7FFFFFFF) << 32 | low
            at += POLICY_WORDS
        self._bits = rooms & ((1 << ROOM_BITS) - 1)
        self._index = at
        entries: cython.longlong = room_of(rooms, 0)
        self._members = at + ((entries + PROBES) * ENTRY_WORDS if entries else 0)
        self._member_room = room_of(rooms, 1)
        self._groups = self._members + self._member_room * MEMBER_WORDS
        self._group_room = room_of(rooms, 2)
        self._remotes = self._groups + self._group_room * GROUP_WORDS
        self._remotes_room = room_of(rooms, 3)
        self._units = self._remotes + self._remotes_room * REMOTES_WORDS
        self._unit_room = room_of(rooms, 4)

    @cython.cfunc
    def place_of(self, private: cython.uint) -> cython.longlong:
        """The place of the member with this private address, or `NO_PLACE`."""
        if self._bits == 0:
            return NO_PLACE
        words = self._words
        entry: cython.longlong = self._index + bucket_of(private, self._bits) * ENTRY_WORDS
        end: cython.longlong = entry + PROBES * ENTRY_WORDS
        while entry < end and words[entry + 1]:
            if words[entry] == private:
                place: cython.longlong = words[entry + 1]
                return place - 1 if place <= self._member_room else NO_PLACE
            entry += ENTRY_WORDS
        return NO_PLACE

    @cython.cfunc
    def admits(
        self,
        place: cython.longlong,
        inbound: cython.bint,
        remote: cython.uint,
        protocol: cython.int,
        port: cython.int,
    ) -> cython.bint:
        """Whether the rules of a member let a packet with this destination port begin a flow.

        The first rule that matches decides. With `UNKNOWN_PORT` that is the first one that would
        decide for any port, or the first that would admit a packet for some port.
        """
        words = self._words
        number: cython.int
        self.group = self.policy_index = 0
        for number in range(GROUPS_PER_MEMBER):
            group: cython.longlong = words[
                self._members + place * MEMBER_WORDS + MEMBER_GROUPS + number
            ]
            if group == 0 or group > self._group_room:
                return False
            decision: cython.int = self._decide(group, inbound, remote, protocol, port)
            if decision != UNDECIDED:
                self.group = group
                return decision == ADMITTED
        return False

    @cython.cfunc
    def _decide(
        self,
        group: cython.longlong,
        inbound: cython.bint,
        remote: cython.uint,
        protocol: cython.int,
        port: cython.int,
    ) -> cython.int:
        words = self._words
        at: cython.longlong = self._groups + (group - 1) * GROUP_WORDS
        first: cython.longlong = words[at]
        ingress: cython.longlong = words[at + 1]
        egress: cython.longlong = words[at + 2]
        if first + ingress + egress > self._unit_room:
            return UNDECIDED
        if not inbound:
            first += ingress
        at = self._units + first * UNIT_WORDS
        end: cython.longlong = at + (ingress if inbound else egress) * UNIT_WORDS
        while at < end:
            condition: cython.uint = words[at]
            wanted: cython.int = condition & ~ADMITS_BIT
            if (
                wanted in (protocol, ANY_PROTOCOL)
                and self._has_port(words[at + 1], protocol, port, (condition & ADMITS_BIT) != 0)
                and self._has_remote(words[at + 2], remote)
            ):
                self.policy_index = words[at + 3]
                return ADMITTED if condition & ADMITS_BIT else REFUSED
            at += UNIT_WORDS
        return UNDECIDED

    @cython.cfunc
    def _has_port(
        self, ports: cython.uint, protocol: cython.int, port: cython.int, admits: cython.bint
    ) -> cython.bint:
        if protocol != TCP and protocol != UDP:
            return True
        if port == UNKNOWN_PORT:
            return admits or ports == ALL_PORTS
        first: cython.int = ports & 0xFFFF
        last: cython.int = ports >> 16
        return first <= port <= last

    @cython.cfunc
    def _has_remote(self, number: cython.longlong, remote: cython.uint) -> cython.bint:
        """Whether a set of remotes, which may be 0 for all, has the address: by halves."""
        if number == 0:
            return True
        if number > self._remotes_room:
            return False
        words = self._words
        at: cython.longlong = self._remotes + (number - 1) * REMOTES_WORDS
        first: cython.longlong = words[at]
        below: cython.longlong = 0
        above: cython.longlong = words[at + 1]
        above -= 1
        if first * UNIT_WORDS + above * RANGE_WORDS > self._unit_room * UNIT_WORDS:
            return False
        first = self._units + first * UNIT_WORDS
        while below < above:
            middle: cython.longlong = (below + above) >> 1
            if remote > words[first + middle * RANGE_WORDS + 1]:
                below = middle + 1
            elif remote < words[first + middle * RANGE_WORDS]:
                above = middle
            else:
                return True
        return False

"""Why a packet goes up to the slow path, untouched: the whole catalogue.

The programs count each in the map `passed`. Values are positions there: append, never renumber.
"""

from gateway.nat.reasons import Documented


class Passed(Documented):
    """The reason why the fast path leaves a packet to the kernel and the queue behind it."""

    NOT_IPV4 = 1, "another protocol, a VLAN's tag, or a frame for another host"
    MALFORMED = 2, "an IPv4 header that the kernel drops, and counts in IpInHdrErrors"
    GUARDED = 3, "what the guard drops and counts: a source or destination that can't be there"
    NOT_OUTBOUND = 4, "from an instance to the gateway, its network, or what isn't the internet's"
    UNREADABLE = 5, "the headers aren't in one piece, and can't be brought together"
    OPTIONS = 6, "IP options"
    PROTOCOL = 7, "neither TCP nor UDP nor an ICMP echo: ICMP errors, tunnels, all others"
    LAST_HOP = 8, "its time to live ends here: the kernel tells the sender"
    AGGREGATE = 9, "an aggregate that isn't plainly TCP's or UDP's"
    TOO_LONG = 10, "longer than the way on can take: the kernel tells the sender, or cuts it"
    NO_WAY = 11, "no route, no neighbour, or a link that isn't the instance's"
    CONTENDED = 12, "a bucket that other processors changed again and again"
    MEMBER = 13, "from or to an instance that security groups filter"

"""Security groups as the rules take them: who is filtered, by which groups, with which rules.

An instance that is no *member* is open, and costs nothing. A member's packets are judged by the
rules of its groups: groups in order, rules in order, the first that matches decides, and a packet
that none matches is dropped. Addresses are integers.
"""

from typing import Final, NamedTuple

from gateway.nat import layout

ANY_PROTOCOL: Final = int(layout.ANY_PROTOCOL)
PORT_MAX: Final = 0xFFFF
GROUPS_PER_MEMBER: Final = int(layout.GROUPS_PER_MEMBER)
RULES_MAX: Final = 4096  # of a group in one direction, each of one condition
RANGES_MAX: Final = 1 << 16  # of a set of remotes
NUMBER_MAX: Final = 1 << 16  # of a group, or of a set of remotes
MEMBERS_MAX: Final = 1 << 20


class Rule(NamedTuple):
    """One flat condition; one rule of the user's may be several of these, with its index."""

    admits: bool
    protocol: int  # IP protocol number, or `ANY_PROTOCOL`
    first_port: int  # of the packet's destination port; 0 to 65535 means all
    last_port: int  # ports have no meaning but for TCP and UDP
    remotes: int  # number of a `RemoteSet`; 0 = any address
    policy_index: int  # the place of the user's rule in its direction, for traces


class Group(NamedTuple):
    """A security group, under a small number that stays the group's for as long as it lives."""

    number: int
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


class RemoteSet(NamedTuple):
    """Addresses that rules speak of: ranges in order, disjoint, with both their ends."""

    number: int
    ranges: tuple[tuple[int, int], ...]


class Member(NamedTuple):
    """An instance that is filtered, with its groups in the order in which they are asked."""

    private: int
    groups: tuple[int, ...]


class Policies(NamedTuple):
    """All that a table knows of security groups, each kind in order."""

    groups: tuple[Group, ...] = ()
    remotes: tuple[RemoteSet, ...] = ()
    members: tuple[Member, ...] = ()


NO_POLICIES: Final = Policies()

"""What a policy must be before it goes into a table: whole, within bounds, and of what is there."""

from collections.abc import Iterator

from gateway.nat.policy import (
    ANY_PROTOCOL,
    GROUPS_PER_MEMBER,
    MEMBERS_MAX,
    NUMBER_MAX,
    PORT_MAX,
    RANGES_MAX,
    RULES_MAX,
    Group,
    Member,
    RemoteSet,
    Rule,
)
from gateway.nat.policy_image import PolicyImage

ADDRESS_MAX = 0xFFFFFFFF
INDEX_MAX = 0xFFFFFFFF


def fault_of_group(group: Group, image: PolicyImage) -> str:
    """What is wrong with a group; an empty text if nothing is."""
    if not 1 <= group.number <= NUMBER_MAX:
        return f"a group's number isn't of 1 to {NUMBER_MAX}"
    if max(len(group.ingress), len(group.egress)) > RULES_MAX:
        return f"a group has more than {RULES_MAX} rules in a direction"
    if not all(map(_is_sound, group.ingress + group.egress)):
        return "a rule's protocol, ports or index are outside their ranges"
    if any(rule.remotes not in image.remotes for rule in _with_remotes(group)):
        return "a rule's set of remotes isn't in the table"
    return ""


def fault_of_remotes(remotes: RemoteSet) -> str:
    """What is wrong with a set of remotes; an empty text if nothing is."""
    if not 1 <= remotes.number <= NUMBER_MAX:
        return f"the number of a set of remotes isn't of 1 to {NUMBER_MAX}"
    if len(remotes.ranges) > RANGES_MAX:
        return f"a set of remotes has more than {RANGES_MAX} ranges"
    end = -1
    for first, last in remotes.ranges:
        if not end < first <= last <= ADDRESS_MAX:
            return "a set of remotes has ranges that aren't in order, or overlap"
        end = last
    return ""


def fault_of_member(member: Member, image: PolicyImage) -> str:
    """What is wrong with a member; an empty text if nothing is."""
    if not 0 <= member.private <= ADDRESS_MAX:
        return "a member's address doesn't fit 32 bits"
    if not 1 <= len(member.groups) <= GROUPS_PER_MEMBER:
        return f"a member isn't in 1 to {GROUPS_PER_MEMBER} groups"
    if any(number not in image.groups for number in member.groups):
        return "a member's group isn't in the table"
    if member.private not in image.members and len(image.members) >= MEMBERS_MAX:
        return f"there are more than {MEMBERS_MAX} members"
    return ""


def _is_sound(rule: Rule) -> bool:
    return (
        0 <= rule.protocol <= ANY_PROTOCOL
        and 0 <= rule.first_port <= rule.last_port <= PORT_MAX
        and 0 <= rule.policy_index <= INDEX_MAX
    )


def _with_remotes(group: Group) -> Iterator[Rule]:
    return (rule for rule in group.ingress + group.egress if rule.remotes)

"""Security groups and their policies as service vpc shows them, and the filters of both."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from gateway.api import codes, ids
from gateway.api.filters import By, Table, Test, always, equal, holding
from gateway.api.tag_view import tags_view
from gateway.api.times import plain_time
from gateway.control.state import State
from gateway.control.values import ALL_PORTS, Policy, PolicyDirection, SecurityGroup, TemplateKind

DIRECTIONS: Final = {PolicyDirection.INGRESS: "INBOUND", PolicyDirection.EGRESS: "OUTBOUND"}


class Row(NamedTuple):
    """A policy at its place in a group."""

    direction: PolicyDirection
    place: int
    policy: Policy


def group_view(state: State, group: SecurityGroup) -> dict[str, Any]:
    """The group; the default one is as old as the lab is."""
    return {
        "SecurityGroupId": group.group_id,
        "SecurityGroupName": group.name,
        "SecurityGroupDesc": group.description,
        "ProjectId": "0",
        "IsDefault": group.is_default,
        "CreatedTime": plain_time(group.created_at or state.configured_at),
        "UpdateTime": plain_time(group.changed_at or state.configured_at),
        "TagSet": tags_view(state, group.group_id),
    }


def rows(group: SecurityGroup) -> Iterator[Row]:
    """The policies of a group, those for what comes in first."""
    for direction in PolicyDirection:
        for index, policy in enumerate(group.policies(direction)):
            yield Row(direction, index, policy)


def policy_set_view(state: State, group: SecurityGroup, found: Sequence[Row]) -> dict[str, Any]:
    """The policies that were found, with the version of all of them."""
    changed = plain_time(group.changed_at or state.configured_at)
    shown = {
        direction.value: [_policy_view(row, changed) for row in found if row.direction is direction]
        for direction in PolicyDirection
    }
    return {
        "Version": str(group.version),
        **shown,
        "PolicyStatistics": {
            "IngressIPv4TotalCount": len(group.ingress),
            "IngressIPv6TotalCount": 0,
            "EgressIPv4TotalCount": len(group.egress),
            "EgressIPv6TotalCount": 0,
        },
    }


def _policy_view(row: Row, changed: str) -> dict[str, Any]:
    policy = row.policy
    named = bool(policy.services)
    return {
        "PolicyIndex": row.place,
        "Protocol": "" if named else policy.protocol.value,
        "Port": "" if named else policy.ports,
        "ServiceTemplate": _either(
            policy.services, "Service", TemplateKind.SERVICES, TemplateKind.SERVICE_GROUP
        ),
        "CidrBlock": policy.cidr,
        "Ipv6CidrBlock": "",
        "SecurityGroupId": policy.group_id,
        "AddressTemplate": _either(
            policy.addresses, "Address", TemplateKind.ADDRESSES, TemplateKind.ADDRESS_GROUP
        ),
        "Action": policy.action.value,
        "PolicyDescription": policy.description,
        "ModifyTime": changed,
        "Priority": None,
    }


def _either(named: str, what: str, one: TemplateKind, many: TemplateKind) -> dict[str, str]:
    """The id under the name for a template, or under that for a group of them."""
    kind = named.partition("-")[0]
    return {
        f"{what}Id": named if kind == one.value else "",
        f"{what}GroupId": named if kind == many.value else "",
    }


def _word(read: Callable[[Row], str], everything: str = "") -> By[Row]:
    """A word in any case is one of the values; one value may stand for every word."""

    def by(values: Sequence[str]) -> Test[Row]:
        wanted = {value.upper() for value in values}
        return lambda _, row: everything in wanted or read(row) in wanted

    return by


def _service(row: Row) -> str:
    return "" if row.policy.services else row.policy.protocol.value


def _port(values: Sequence[str]) -> Test[Row]:
    """One of the values is a part of the text for the ports; ALL stands for any ports."""
    parts = ["" if value.upper() == ALL_PORTS else value for value in values]
    return lambda _, row: any(part in row.policy.ports for part in parts)


FILTERS: Final[Table[SecurityGroup]] = Table(
    by={
        "security-group-id": equal(lambda _, one: (one.group_id,), ids.GROUP),
        "project-id": always("0"),
        "security-group-name": equal(lambda _, one: (one.name,)),
    },
    tags=lambda seen, one: seen.state.tags.get(one.group_id, {}),
    unknown=codes.FILTER,
    too_many=codes.LIMIT,
)
POLICY_FILTERS: Final[Table[Row]] = Table(
    by={
        "security-group-id": equal(lambda _, one: (one.policy.group_id,), ids.GROUP),
        "ip": holding(lambda _, one: (one.policy.cidr,)),
        "address-module": equal(lambda _, one: (one.policy.addresses,)),
        "service-module": equal(lambda _, one: (one.policy.services,)),
        "protocol-type": _word(_service),
        "port": _port,
        "poly": _word(lambda one: one.policy.action.value, "ALL"),
        "direction": _word(lambda one: DIRECTIONS[one.direction], "ALL"),
        "description": holding(lambda _, one: (one.policy.description,)),
    },
    tags=None,
    unknown=codes.FILTER,
    too_many=codes.LIMIT,
)


def statistics_view(state: State, group_id: str) -> dict[str, Any]:
    """How many instances are in the group, and how many groups name it."""
    instances = len(state.members_of(group_id))
    return {
        "SecurityGroupId": group_id,
        "CVM": instances,
        "CDB": 0,
        "ENI": 0,
        "SG": len(state.naming(group_id)),
        "CLB": 0,
        "InstanceStatistics": [{"InstanceType": "CVM", "InstanceCount": instances}],
        "TotalCount": instances,
    }

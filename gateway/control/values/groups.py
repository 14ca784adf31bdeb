"""Security groups, their policies, and the templates that policies may name.

A policy is a condition and what becomes of packets that meet it. Policies are tried in their
order, and the first that is met decides. The words are the cloud's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.control.values.services import ALL_PORTS, Protocol, Service

ANY_ADDRESS: Final = "0.0.0.0/0"
SECURITY_GROUP_ID: Final = "sg-tgw00001"  # the default group's


class PolicyAction(StrEnum):
    """`Action` of a policy: what becomes of packets that meet its condition."""

    ACCEPT = "ACCEPT"
    DROP = "DROP"


class PolicyDirection(StrEnum):
    """The direction of packets, seen from the instance: a group has a list of policies for each."""

    INGRESS = "Ingress"
    EGRESS = "Egress"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy names one remote: a network or address, a group, or a template of addresses.

    What it admits or drops is a protocol with ports, or a template of services.
    """

    action: PolicyAction
    protocol: Protocol = Protocol.ALL
    ports: str = ALL_PORTS
    cidr: str = ""
    group_id: str = ""
    addresses: str = ""  # id of a template of addresses, or of a group of them
    services: str = ""  # id of a template of services, or of a group of them
    description: str = ""

    @property
    def remote(self) -> str:
        """What it names as remote: a text of a network, or an id."""
        return self.cidr or self.group_id or self.addresses

    @property
    def named(self) -> tuple[str, str, str]:
        """The ids of what it names, empty where it names nothing of the kind."""
        return self.group_id, self.addresses, self.services

    @property
    def service(self) -> Service:
        """Its protocol and ports, if it names no template of services."""
        return Service(self.protocol, self.ports)


OPEN: Final = Policy(PolicyAction.ACCEPT, cidr=ANY_ADDRESS)  # it admits all


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group: a list of policies for each direction, tried in order."""

    group_id: str
    number: int  # its number in the table, from 1; no other group has it meanwhile
    name: str
    description: str
    created_at: float
    changed_at: float
    version: int = 1  # of its policies; 0 is no version, as it means "remove all" in a request
    ingress: tuple[Policy, ...] = ()
    egress: tuple[Policy, ...] = ()

    def policies(self, direction: PolicyDirection) -> tuple[Policy, ...]:
        """The policies for packets of one direction, in the order they are tried."""
        return self.ingress if direction is PolicyDirection.INGRESS else self.egress

    @property
    def all_policies(self) -> tuple[Policy, ...]:
        """The policies of both directions, ingress first, each in order."""
        return (*self.ingress, *self.egress)

    @property
    def is_default(self) -> bool:
        """Whether it is the group of instances that were given no other one."""
        return self.group_id == SECURITY_GROUP_ID


# It is there before the first event, and admits all, until its policies are changed.
DEFAULT_GROUP: Final = SecurityGroup(
    group_id=SECURITY_GROUP_ID,
    number=1,
    name="default",
    description="admits all",
    created_at=0,
    changed_at=0,
    ingress=(OPEN,),
    egress=(OPEN,),
)


class TemplateKind(StrEnum):
    """The kinds of templates, each by the prefix that its ids have."""

    ADDRESSES = "ipm"
    ADDRESS_GROUP = "ipmg"
    SERVICES = "ppm"
    SERVICE_GROUP = "ppmg"

    @property
    def of(self) -> "TemplateKind | None":
        """The kind of what it is a group of; None if it is a template itself."""
        return _GROUPED.get(self)


_GROUPED: Final = {
    TemplateKind.ADDRESS_GROUP: TemplateKind.ADDRESSES,
    TemplateKind.SERVICE_GROUP: TemplateKind.SERVICES,
}


@dataclass(frozen=True, slots=True)
class TemplateMember:
    """What a template holds: an address, a service, or the id of another template."""

    text: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A list of addresses or services that policies name, or a group of such lists."""

    template_id: str
    kind: TemplateKind
    name: str
    created_at: float
    changed_at: float
    members: tuple[TemplateMember, ...] = ()

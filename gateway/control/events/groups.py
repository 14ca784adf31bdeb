"""What happened to security groups, their policies, and templates.

Each change of policies makes the version of the group's policies one higher.
"""

from dataclasses import dataclass

from gateway.control.values.groups import Policy, PolicyDirection, TemplateKind, TemplateMember


@dataclass(frozen=True, slots=True)
class GroupCreated:
    """A security group was created, with this number in the table."""

    group_id: str
    number: int
    name: str
    description: str
    ingress: tuple[Policy, ...] = ()
    egress: tuple[Policy, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """The name and description of a security group changed to these."""

    group_id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class GroupDeleted:
    """A security group was deleted; its number is free."""

    group_id: str


@dataclass(frozen=True, slots=True)
class PoliciesAdded:
    """Policies of one direction were added; the first of them is at `index` now."""

    group_id: str
    direction: PolicyDirection
    index: int
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class PoliciesRemoved:
    """The policies at these places were removed; all places are those before."""

    group_id: str
    direction: PolicyDirection
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PoliciesSet:
    """The policies of a security group are these now, in this order."""

    group_id: str
    ingress: tuple[Policy, ...]
    egress: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class TemplateCreated:
    """A template of this kind was created with these members."""

    template_id: str
    kind: TemplateKind
    name: str
    members: tuple[TemplateMember, ...]


@dataclass(frozen=True, slots=True)
class TemplateChanged:
    """The name and members of a template changed to these."""

    template_id: str
    name: str
    members: tuple[TemplateMember, ...]


@dataclass(frozen=True, slots=True)
class TemplateDeleted:
    template_id: str


GroupEvent = (
    GroupCreated
    | GroupChanged
    | GroupDeleted
    | PoliciesAdded
    | PoliciesRemoved
    | PoliciesSet
    | TemplateCreated
    | TemplateChanged
    | TemplateDeleted
)

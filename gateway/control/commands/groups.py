"""What can be asked for security groups, their policies, and templates."""

from dataclasses import dataclass

from gateway.control.values.groups import Policy, PolicyDirection, TemplateKind, TemplateMember
from gateway.control.values.tags import Tag


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """Create a security group; without policies it admits nothing."""

    name: str
    description: str
    ingress: tuple[Policy, ...] = ()
    egress: tuple[Policy, ...] = ()
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class CloneGroup:
    """Create a security group with the policies of another one; None keeps a text of that."""

    group_id: str
    name: str | None = None
    description: str | None = None
    tags: tuple[Tag, ...] = ()
    with_tags: bool = False  # whether the tags of the other one are cloned, too


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Change the name or the description of a security group, where it isn't None."""

    group_id: str
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteGroup:
    """Delete a security group that no instance is in and no other group names."""

    group_id: str


@dataclass(frozen=True, slots=True)
class AddPolicies:
    """Add policies of one direction, together, before the one at `index`, or as the last."""

    group_id: str
    direction: PolicyDirection
    policies: tuple[Policy, ...]
    index: int | None = None
    version: int | None = None  # the request is refused if the group has another one by now


@dataclass(frozen=True, slots=True)
class RemovePolicies:
    """Remove policies of one direction, by their places or by what they are."""

    group_id: str
    direction: PolicyDirection
    indexes: tuple[int, ...] = ()
    policies: tuple[Policy, ...] = ()
    version: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """The policy at one place gets another content, another place, or both."""

    index: int
    policy: Policy | None = None  # None keeps its content
    to: int | None = None  # its place when all changes are made; None keeps it in its order


@dataclass(frozen=True, slots=True)
class ReplacePolicies:
    """Replace or move policies of one direction, all of them or none."""

    group_id: str
    direction: PolicyDirection
    changes: tuple[PolicyChange, ...]
    version: int | None = None


@dataclass(frozen=True, slots=True)
class SetPolicies:
    """Replace all policies of a security group, of both directions."""

    group_id: str
    ingress: tuple[Policy, ...] = ()
    egress: tuple[Policy, ...] = ()
    version: int | None = None


@dataclass(frozen=True, slots=True)
class JoinGroups:
    """Put instances into security groups, after those that they are in."""

    instance_ids: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeaveGroups:
    """Take instances out of security groups; one is left in the default one at least."""

    instance_ids: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    """Create a template of addresses or services, or a group of templates."""

    kind: TemplateKind
    name: str
    members: tuple[TemplateMember, ...]
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeTemplate:
    """Change the name or all members of a template, where they aren't None."""

    template_id: str
    name: str | None = None
    members: tuple[TemplateMember, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeleteTemplate:
    """Delete a template that no policy and no group of templates names."""

    template_id: str


GroupCommand = (
    CreateGroup
    | CloneGroup
    | ChangeGroup
    | DeleteGroup
    | AddPolicies
    | RemovePolicies
    | ReplacePolicies
    | SetPolicies
    | JoinGroups
    | LeaveGroups
    | CreateTemplate
    | ChangeTemplate
    | DeleteTemplate
)

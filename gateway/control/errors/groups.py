"""Why something about security groups, policies or templates is refused."""

from gateway.control.errors.base import DomainError


class UnknownGroupError(DomainError):
    """No security group has the id that the command names."""

    def __init__(self, group_id: str) -> None:
        super().__init__(
            f"no security group {group_id[:80]!r}: 'tgw group list' shows those there are"
        )


class GroupQuotaError(DomainError):
    """The account has all the security groups it may have."""


class GroupInUseError(DomainError):
    """An instance is in the security group, or a policy of another group names it."""


class DefaultGroupError(DomainError):
    """The default security group stays: instances without another one are in it."""


class GroupFullError(DomainError):
    """The security group has all the instances it may have."""


class SecurityGroupQuotaError(DomainError):
    """The instance would be in more security groups than it may be."""


class LastGroupError(DomainError):
    """The instance would be in no security group any more."""


class PolicyQuotaError(DomainError):
    """The security group would have more policies than it may have."""


class PolicyIndexError(DomainError):
    """The security group has no policy at the place that the command names."""


class PolicyVersionError(DomainError):
    """The policies have changed since the version that the command names."""


class DuplicatePolicyError(DomainError):
    """The security group has, or would have, the same policy twice."""


class UnknownPolicyError(DomainError):
    """The security group has no policy that is as the command says."""


class MalformedError(DomainError):
    """A text isn't what it should be: a port, a network, a service."""


class CoexistError(DomainError):
    """Two things of a policy exclude each other."""


class EmptyError(DomainError):
    """A policy or template lacks what it must have."""


class UnknownTemplateError(DomainError):
    """No template of the wanted kind has the id that the command names."""


class TemplateInUseError(DomainError):
    """A policy or a group of templates names the template."""


class TemplateQuotaError(DomainError):
    """There would be more templates, or members of one, than there may be."""


class DuplicateMemberError(DomainError):
    """The template would have the same member twice."""

"""Why something about bandwidth packages is refused."""

from gateway.control.errors.base import DomainError


class UnknownPackageError(DomainError):
    """There is no bandwidth package with this id."""


class PackageMissingError(DomainError):
    """An address that a bandwidth package is to pay for must say which one."""


class PackageInUseError(DomainError):
    """The bandwidth package has members, and can't be deleted."""


class PackageQuotaError(DomainError):
    """The account has all the bandwidth packages it may have."""


class PackageFullError(DomainError):
    """The bandwidth package has all the members it may have."""


class UnknownMemberError(DomainError):
    """There is no EIP and no ordinary public IP with this id."""


class AlreadyMemberError(DomainError):
    """The address is in a bandwidth package already."""


class NotMemberError(DomainError):
    """The address isn't in the bandwidth package that it is to leave."""


class MemberChargeTypeError(DomainError):
    """The charge type can't join, or can't be had after leaving."""

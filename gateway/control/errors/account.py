"""What the account may not do: quotas, behaviour and client tokens."""

from gateway.control.errors.base import DomainError


class EipQuotaError(DomainError):
    """The account has all the EIPs it may have."""


class DailyQuotaError(DomainError):
    """The account has used up its quota of this day."""


class DailyChangesError(DomainError):
    """The account has exchanged as many addresses as it may in a day."""


class UnsupportedBehaviourError(DomainError):
    """The behaviour that the account is set to has no such operation."""


class TokenTooLongError(DomainError):
    """The client token has more characters than a token may have."""


class TokenReusedError(DomainError):
    """The client token was used for another request."""

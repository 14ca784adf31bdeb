"""Why something about public addresses is refused."""

from gateway.control.errors.base import DomainError


class UnknownEipError(DomainError):
    """No EIP of the account has the id that the command names."""

    def __init__(self, eip_id: str) -> None:
        super().__init__(f"no EIP {eip_id[:80]!r}: 'tgw eip list' shows those there are")


class UnknownAddressError(DomainError):
    """The public address is unassigned, or of another network."""


class OrdinaryAddressError(DomainError):
    """The id is of an ordinary public IP: only the system assigns and releases those."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} is an ordinary public IP: the system assigns and releases it, "
            "only an EIP can be bound, unbound or released"
        )


class EipStatusError(DomainError):
    """The status of the EIP doesn't permit the operation."""


class AddressBusyError(DomainError):
    """A task is under way on the address or on its instance, and must end first."""


class AlreadyBoundError(DomainError):
    """The instance has an EIP already, and can have only one."""


class HasOrdinaryAddressError(DomainError):
    """The instance has an ordinary public IP, which must be returned first."""


class NoOrdinaryAddressError(DomainError):
    """The instance has no ordinary public IP that could change."""


class NoWanIpError(DomainError):
    """The instance has no ordinary public IP to turn into an EIP."""


class PoolEmptyError(DomainError):
    """The pool has no address that is free and out of quarantine."""


class BandwidthTooSmallError(DomainError):
    """The bandwidth is below the least that an EIP can have."""


class BandwidthTooLargeError(DomainError):
    """The bandwidth is above the most that an EIP can have."""


class ChargeTypeError(DomainError):
    """The charge type of the EIP doesn't permit the operation."""


class ChargeTypeUnchangedError(DomainError):
    """The EIP has the wanted charge type already: nothing would change."""


class ChargeTypeQuotaError(DomainError):
    """The charge type of the EIP was changed as often as it may be."""


class PeriodMissingError(DomainError):
    """An EIP that is paid in advance must say for how many months."""


class PeriodError(DomainError):
    """An EIP can't be paid in advance for so many months."""


class ExpiredError(DomainError):
    """The time that the EIP was paid for is over: it must be renewed first."""


class PaidForError(DomainError):
    """The EIP is paid for until later, and isn't released before."""


class AddressBlockedError(DomainError):
    """The address is blocked for a time, and can't move."""


class OrdinaryIpBlockedError(DomainError):
    """The ordinary public IP of the instance is blocked for a time, and can't go."""


class ChangedBeforeError(DomainError):
    """The address was exchanged as often as it may be."""

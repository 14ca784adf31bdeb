"""What control can refuse. Nothing has changed when one of these is raised.

::

    ControlError
    ├── DomainError            the user asked for what can't be
    │   ├── InvalidValueError      a value is malformed or out of range
    │   ├── UnknownInstanceError   no instance with this id
    │   ├── UnknownEipError        no EIP with this id
    │   ├── OrdinaryAddressError   an ordinary public IP isn't the user's to move
    │   ├── InstanceStateError     the instance's state doesn't permit it
    │   │   └── MutexTaskError     a task that the instance is in must end first
    │   ├── EipStatusError         the EIP's status doesn't permit it
    │   ├── AlreadyBoundError      the instance has an EIP already
    │   ├── PoolEmptyError         no public address is free
    │   ├── RangeError             a number is out of its range
    │   ├── BandwidthTooSmallError an EIP can't have so little bandwidth
    │   ├── BandwidthTooLargeError an EIP can't have so much bandwidth
    │   ├── InstanceNameTooLongError an instance can't have so long a name
    │   ├── NameTooLongError       a name is too long
    │   ├── NoOrdinaryAddressError the instance has no ordinary public IP
    │   ├── MixedChargeTypesError  one call can't change these instances together
    │   ├── ChargeTypeError        the EIP's charge type doesn't permit it
    │   ├── ChargeTypeUnchangedError the EIP is paid for in this way already
    │   ├── ChargeTypeQuotaError   the EIP's charge type was changed too often
    │   ├── UnknownPackageError    no bandwidth package with this id
    │   ├── PackageInUseError      the bandwidth package has members
    │   ├── PackageQuotaError      the account has all the bandwidth packages it may have
    │   ├── PackageFullError       the bandwidth package has all the members it may have
    │   ├── UnknownMemberError     no address with this id
    │   ├── AlreadyMemberError     the address is in a bandwidth package
    │   ├── NotMemberError         the address isn't in this bandwidth package
    │   ├── MemberChargeTypeError  who pays like that can't join
    │   ├── CombinationError       values that don't go together
    │   ├── EipQuotaError          the account has all the EIPs it may have
    │   ├── DailyQuotaError        the account has had all it may have today
    │   ├── TokenTooLongError      a client token is too long
    │   ├── TokenReusedError       the client token was another request's
    │   ├── HasOrdinaryAddressError the instance has an ordinary public IP
    │   ├── NoWanIpError           the instance has no ordinary public IP to turn into an EIP
    │   ├── UnsupportedBehaviourError the account's behaviour doesn't know it
    │   ├── UnknownAddressError    nobody has this public address
    │   ├── AddressBlockedError    the address is blocked for a time
    │   ├── OrdinaryIpBlockedError the instance's ordinary public IP is blocked for a time
    │   ├── UnknownTypeError       no instance type with this name
    │   ├── UserDataError          user data that isn't what it must be
    │   ├── HostNameError          no machine can be called so
    │   ├── RoleNameError          no role can be called so
    │   ├── MinCountError          fewer at least than at most, it must be
    │   ├── PrivateIpMalformedError no IPv4 address
    │   ├── PrivateIpOutsideError  a private address that isn't the subnet's
    │   ├── PrivateIpUsedError     a private address that isn't free
    │   ├── InstanceCombinationError what an instance can't be told together
    │   ├── ProtectedError         the instance is protected against being terminated
    │   ├── InvalidTagError        a tag can't be like that
    │   ├── DuplicateTagError      a key is given twice
    │   ├── TagQuotaError          a thing can't have so many tags
    │   ├── ChangedBeforeError     the address was changed as often as it may be
    │   ├── DailyChangesError      the account has changed all the addresses it may today
    │   ├── SubnetFullError        no private address is free
    │   ├── AddressBusyError       a task is under way on the address, or on its instance
    │   ├── InstanceBusyError      a task is under way on the instance
    │   └── UnknownTaskError       no task with this number
    └── AdapterError           the world outside failed; what was asked for may have been recorded
"""

from gateway.control.values import InstanceState


class ControlError(Exception):
    """The text is one line that says what is wrong and what to do."""


class DomainError(ControlError):
    """The user asked for what can't be; nothing has changed."""


class InvalidValueError(DomainError):
    """A value is malformed or out of range."""


class UnknownInstanceError(DomainError):
    """No instance has this id."""

    def __init__(self, instance_id: str) -> None:
        """Name the id."""
        super().__init__(f"no instance {instance_id!r}: 'tgw instance list' shows those there are")


class UnknownEipError(DomainError):
    """No EIP has this id."""

    def __init__(self, eip_id: str) -> None:
        """Name the id."""
        super().__init__(f"no EIP {eip_id!r}: 'tgw eip list' shows those there are")


class OrdinaryAddressError(DomainError):
    """The id is an ordinary public IP's: the system's to assign and release, not the user's."""

    def __init__(self, address: str) -> None:
        """Name the address."""
        super().__init__(
            f"{address} is an ordinary public IP: the system assigns and releases it, "
            "only an EIP can be bound, unbound or released"
        )


class InstanceStateError(DomainError):
    """The instance's state doesn't permit the operation."""

    def __init__(self, instance_id: str, state: InstanceState, needed: str) -> None:
        """Say which state it is in and which it should be in."""
        super().__init__(f"{instance_id} is {state.value}: it must be {needed}")
        self.state = state


class MutexTaskError(InstanceStateError):
    """A task is running on the instance, and must end before its addresses may change."""


class EipStatusError(DomainError):
    """The EIP's status doesn't permit the operation."""


class AlreadyBoundError(DomainError):
    """The instance has an EIP, and can have one only."""


class PoolEmptyError(DomainError):
    """No public address is free and out of quarantine."""


class SubnetFullError(DomainError):
    """No private address is free."""


class RangeError(DomainError):
    """A number is out of its range."""


class BandwidthTooSmallError(DomainError):
    """An EIP can't have so little bandwidth."""


class BandwidthTooLargeError(DomainError):
    """An EIP can't have so much bandwidth."""


class InstanceNameTooLongError(DomainError):
    """An instance can't have so long a name."""


class NameTooLongError(DomainError):
    """A name is too long."""


class NoOrdinaryAddressError(DomainError):
    """The instance has no ordinary public IP."""


class MixedChargeTypesError(DomainError):
    """One call can't change these instances together."""


class ChargeTypeError(DomainError):
    """The EIP's charge type doesn't permit it."""


class ChargeTypeUnchangedError(DomainError):
    """The EIP is paid for in this way already."""


class ChargeTypeQuotaError(DomainError):
    """The EIP's charge type was changed too often."""


class UnknownPackageError(DomainError):
    """No bandwidth package with this id."""


class PackageInUseError(DomainError):
    """The bandwidth package has members."""


class PackageQuotaError(DomainError):
    """The account has all the bandwidth packages it may have."""


class PackageFullError(DomainError):
    """The bandwidth package has all the members it may have."""


class UnknownMemberError(DomainError):
    """No address with this id."""


class AlreadyMemberError(DomainError):
    """The address is in a bandwidth package."""


class NotMemberError(DomainError):
    """The address isn't in this bandwidth package."""


class MemberChargeTypeError(DomainError):
    """Who pays like that can't join."""


class CombinationError(DomainError):
    """Values that don't go together."""


class EipQuotaError(DomainError):
    """The account has all the EIPs it may have."""


class DailyQuotaError(DomainError):
    """The account has had all it may have today."""


class TokenTooLongError(DomainError):
    """A client token is too long."""


class TokenReusedError(DomainError):
    """The client token was another request's."""


class HasOrdinaryAddressError(DomainError):
    """The instance has an ordinary public IP."""


class NoWanIpError(DomainError):
    """The instance has no ordinary public IP to turn into an EIP."""


class UnsupportedBehaviourError(DomainError):
    """The account's behaviour doesn't know it."""


class UnknownAddressError(DomainError):
    """Nobody has this public address."""


class AddressBlockedError(DomainError):
    """The address is blocked for a time, and stays where it is."""


class OrdinaryIpBlockedError(DomainError):
    """The instance's ordinary public IP is blocked for a time, and stays where it is."""


class UnknownTypeError(DomainError):
    """No instance type has this name."""


class UserDataError(DomainError):
    """User data isn't base64, or too much."""


class HostNameError(DomainError):
    """No machine can be called so."""


class RoleNameError(DomainError):
    """No role can be called so."""


class MinCountError(DomainError):
    """The least number of instances is none, or above the number wanted."""


class PrivateIpMalformedError(DomainError):
    """It is no IPv4 address."""


class PrivateIpOutsideError(DomainError):
    """The private address isn't the subnet's."""


class PrivateIpUsedError(DomainError):
    """The private address isn't free."""


class InstanceCombinationError(DomainError):
    """What an instance can't be told together."""


class ProtectedError(DomainError):
    """The instance is protected against being terminated."""


class AddressBusyError(DomainError):
    """A task is under way on the address, or on the instance whose address would change."""


class InstanceBusyError(DomainError):
    """A task is under way on the instance."""


class UnknownTaskError(DomainError):
    """No task has this number."""


class InvalidTagError(DomainError):
    """A tag can't be like that."""


class DuplicateTagError(DomainError):
    """A key is given twice."""


class TagQuotaError(DomainError):
    """A thing can't have so many tags."""


class ChangedBeforeError(DomainError):
    """The address was changed as often as it may be."""


class DailyChangesError(DomainError):
    """The account has changed all the addresses it may today."""


class AdapterError(ControlError):
    """The world outside failed: the kernel, the log, a worker."""

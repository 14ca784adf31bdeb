"""Why something about instances is refused."""

from gateway.control.errors.base import DomainError
from gateway.control.values.instances import InstanceState


class UnknownInstanceError(DomainError):
    """No instance has the id that the command names."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"no instance {instance_id[:80]!r}: 'tgw instance list' shows those there are"
        )


class InstanceStateError(DomainError):
    """The state of the instance doesn't permit the operation."""

    def __init__(self, instance_id: str, state: InstanceState, needed: str) -> None:
        super().__init__(f"{instance_id} is {state.value}: it must be {needed}")
        self.state = state


class MutexTaskError(InstanceStateError):
    """The instance is in a passing state, and keeps its addresses until that ends."""


class InstanceBusyError(DomainError):
    """A task is under way on the instance, and must end first."""


class InstanceNameTooLongError(DomainError):
    """The name for an instance is too long."""


class MixedChargeTypesError(DomainError):
    """One call can't change instances of these charge types together."""


class InstanceCombinationError(DomainError):
    """Two values of an instance's purchase contradict each other."""


class UnknownTypeError(DomainError):
    """There is no instance type with this name."""


class DiskCountError(DomainError):
    """The purchase declares more data disks than an instance can have."""


class DiskKindError(DomainError):
    """The disk declares what no disk of its kind has."""


class KeyPairError(DomainError):
    """The text for a key's id isn't one, or there are too many."""


class UserDataError(DomainError):
    """The user data isn't base64, or has too many bytes."""


class HostNameError(DomainError):
    """The host name isn't a name that a machine can have."""


class RoleNameError(DomainError):
    """The role name isn't a name that a role can have."""


class MinCountError(DomainError):
    """The least number of instances is below 1, or above the number wanted."""


class ProtectedError(DomainError):
    """The instance is protected: it can't be terminated."""


class SubnetFullError(DomainError):
    """The subnet has fewer free private addresses than the purchase needs."""


class PrivateIpMalformedError(DomainError):
    """The text for a private address is no IPv4 address."""


class PrivateIpOutsideError(DomainError):
    """The wanted private address is not an address of the subnet."""


class PrivateIpUsedError(DomainError):
    """The private address is in use, or named twice."""

"""Public addresses: elastic ones, which are the account's, and ordinary ones."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.control.values.charging import ChargeType

KEPT_S: Final = 7 * 86_400  # so long an EIP is the account's when its time is over
PERIODS: Final = (*range(1, 13), 24, 36)  # months, for which an EIP can be paid in advance


class AddressStatus(StrEnum):
    """`AddressStatus` of the vpc API; an address that was released has none."""

    CREATING = "CREATING"
    BINDING = "BINDING"
    BIND = "BIND"
    UNBINDING = "UNBINDING"
    UNBIND = "UNBIND"
    OFFLINING = "OFFLINING"


@dataclass(frozen=True, slots=True)
class OrdinaryIp:
    """The public address that the system assigned to an instance; it has an id as EIPs do."""

    address_id: str
    address: str


class Renewal(StrEnum):
    """`RenewFlag` of the vpc API: what happens when the time that was paid for is over."""

    AUTO = "NOTIFY_AND_AUTO_RENEW"
    MANUAL = "NOTIFY_AND_MANUAL_RENEW"
    NEVER = "DISABLE_NOTIFY_AND_MANUAL_RENEW"


@dataclass(frozen=True, slots=True)
class Prepaid:
    """Until when an EIP is paid for, in Unix seconds, and what happens then."""

    until: float
    renewal: Renewal
    expired: bool = False  # no packet passes until it is renewed, or released

    @property
    def due_at(self) -> float:
        """When something is to happen by itself: the end, or the release some days after it."""
        return self.until + (KEPT_S if self.expired else 0)


@dataclass(frozen=True, slots=True)
class Eip:
    """An elastic public IP: it belongs to the account, and is bound to one instance or to none."""

    eip_id: str
    address: str
    name: str
    bandwidth_mbps: int
    charge_type: ChargeType
    created_at: float
    instance_id: str | None = None
    switches: int = 0  # how often its charge type was changed
    package_id: str | None = None
    # An unbound EIP is idle. Seconds in both conditions before `since`, when the last one began.
    idle_s: float = 0
    bound_s: float = 0
    since: float = 0
    prepaid: Prepaid | None = None

    @property
    def expired(self) -> bool:
        """Whether the time that was paid for is over, and nothing passes."""
        return self.prepaid is not None and self.prepaid.expired

    def idle_for_s(self, now: float) -> float:
        """The seconds that the EIP was idle in all, until `now`: the idle fee is by them."""
        return self.idle_s + (0 if self.instance_id else max(now - self.since, 0))

    def bound_for_s(self, now: float) -> float:
        """The seconds that the EIP was bound in all, until `now`."""
        return self.bound_s + (max(now - self.since, 0) if self.instance_id else 0)

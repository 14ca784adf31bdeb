"""Public addresses: elastic ones, which are the account's, and ordinary ones."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.control.values.charging import ChargeType


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

    def idle_for_s(self, now: float) -> float:
        """The seconds that the EIP was idle in all, until `now`: the idle fee is by them."""
        return self.idle_s + (0 if self.instance_id else max(now - self.since, 0))

    def bound_for_s(self, now: float) -> float:
        """The seconds that the EIP was bound in all, until `now`."""
        return self.bound_s + (max(now - self.since, 0) if self.instance_id else 0)

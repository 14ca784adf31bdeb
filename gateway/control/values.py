"""The values that control speaks of. Words and states are the cloud's (TencentCloud API 3.0)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gateway.control.purchase import DEFAULT_PURCHASE, Purchase


class InstanceState(StrEnum):
    """`InstanceState` of the cvm API; an instance that is gone has none."""

    PENDING = "PENDING"
    LAUNCH_FAILED = "LAUNCH_FAILED"
    RUNNING = "RUNNING"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    REBOOTING = "REBOOTING"
    TERMINATING = "TERMINATING"


class AddressStatus(StrEnum):
    """`AddressStatus` of the vpc API; an address that is gone has none."""

    CREATING = "CREATING"
    BINDING = "BINDING"
    BIND = "BIND"
    UNBINDING = "UNBINDING"
    UNBIND = "UNBIND"
    OFFLINING = "OFFLINING"


class TaskResult(StrEnum):
    """`Result` of a task."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class ChargeType(StrEnum):
    """`InternetChargeType`: how public traffic is paid for."""

    BANDWIDTH_PREPAID = "BANDWIDTH_PREPAID"
    BANDWIDTH_PREPAID_BY_MONTH = "BANDWIDTH_PREPAID_BY_MONTH"
    BANDWIDTH_POSTPAID_BY_HOUR = "BANDWIDTH_POSTPAID_BY_HOUR"
    TRAFFIC_POSTPAID_BY_HOUR = "TRAFFIC_POSTPAID_BY_HOUR"
    BANDWIDTH_PACKAGE = "BANDWIDTH_PACKAGE"


INSTANCE_BANDWIDTH_MAX_MBPS = {
    ChargeType.BANDWIDTH_PREPAID: 200,
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR: 100,
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR: 100,
    ChargeType.BANDWIDTH_PACKAGE: 2000,
}
EIP_BANDWIDTH_MAX_MBPS = {
    ChargeType.BANDWIDTH_PREPAID_BY_MONTH: 200,
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR: 100,
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR: 100,
    ChargeType.BANDWIDTH_PACKAGE: 2000,
}


class PackageChargeType(StrEnum):
    """`ChargeType` of a bandwidth package: how its traffic is paid for."""

    ENHANCED95_POSTPAID_BY_MONTH = "ENHANCED95_POSTPAID_BY_MONTH"
    PRIMARY_TRAFFIC_POSTPAID_BY_HOUR = "PRIMARY_TRAFFIC_POSTPAID_BY_HOUR"
    BANDWIDTH_POSTPAID_BY_DAY = "BANDWIDTH_POSTPAID_BY_DAY"
    FIXED_PREPAID_BY_MONTH = "FIXED_PREPAID_BY_MONTH"
    PEAK_BANDWIDTH_POSTPAID_BY_DAY = "PEAK_BANDWIDTH_POSTPAID_BY_DAY"
    TOP5_POSTPAID_BY_MONTH = "TOP5_POSTPAID_BY_MONTH"


class NetworkType(StrEnum):
    """`NetworkType` of a bandwidth package: whose lines it uses."""

    BGP = "BGP"
    HIGH_QUALITY_BGP = "HIGH_QUALITY_BGP"
    ANYCAST = "ANYCAST"
    SINGLEISP_CMCC = "SINGLEISP_CMCC"
    SINGLEISP_CTCC = "SINGLEISP_CTCC"
    SINGLEISP_CUCC = "SINGLEISP_CUCC"


class Behaviour(StrEnum):
    """What binding and unbinding do to ordinary public IPs, where the cloud's texts disagree.

    LEGACY is the older: binding an EIP releases the ordinary public IP, unbinding assigns a new
    one, and an EIP that is bound moves. STANDARD is today's: the user returns the ordinary public
    IP before and asks for a new one after, and unbinds an EIP before binding it elsewhere.
    """

    LEGACY = "LEGACY"
    STANDARD = "STANDARD"


@dataclass(frozen=True, slots=True)
class Account:
    """The account's settings."""

    behaviour: Behaviour = Behaviour.LEGACY
    eips_max: int = 20
    applications_max: int = 40  # for EIPs, in a day


REASSIGNMENTS_MAX = 10  # of ordinary public IPs, in a day, when an EIP is unbound


UNLIMITED_MBPS = -1  # a bandwidth package's bandwidth that isn't limited
PACKAGE_BANDWIDTH_MAX_MBPS = 50_000


@dataclass(frozen=True, slots=True)
class BandwidthPackage:
    """A bandwidth package: what its member addresses carry together, if that is limited."""

    package_id: str
    number: int  # its number in the table, from 1; nobody else's as long as it is there
    name: str
    bandwidth_mbps: int
    charge_type: PackageChargeType
    network_type: NetworkType
    created_at: float
    members: tuple[str, ...] = ()  # ids of addresses, ordinary ones included, as they joined

    @property
    def limited(self) -> bool:
        """Whether its members have a limit together."""
        return self.bandwidth_mbps != UNLIMITED_MBPS


class Tag(NamedTuple):
    """What the account marked a thing with: the key is there once, with one value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class OrdinaryIp:
    """The public address the system gave an instance. It has an id of the EIPs' form, too."""

    address_id: str
    address: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: what was bought, what was assigned, and the state it is in."""

    instance_id: str
    name: str
    uuid: str
    private_ip: str
    mac: str
    bandwidth_mbps: int
    charge_type: ChargeType
    created_at: float
    state: InstanceState = InstanceState.PENDING
    why: str = ""  # it came to this state, if something went wrong
    ordinary: OrdinaryIp | None = None
    eip_id: str | None = None
    former: frozenset[str] = frozenset()  # ordinary addresses it had; never given to it again
    package_id: str | None = None  # the bandwidth package of its ordinary public IP
    purchase: Purchase = DEFAULT_PURCHASE
    role_since: float = 0  # credentials of the role it had before are no use
    charging: bool = True
    address_due: bool = False  # an ordinary public IP, when it starts


@dataclass(frozen=True, slots=True)
class Eip:
    """An elastic public IP: the account's own, bound to one instance or to none."""

    eip_id: str
    address: str
    name: str
    bandwidth_mbps: int
    charge_type: ChargeType
    created_at: float
    instance_id: str | None = None
    switches: int = 0  # how often its charge type was changed
    package_id: str | None = None
    # What is paid for by the time: unbound it is idle. Seconds before `since`, and what is since.
    idle_s: float = 0
    bound_s: float = 0
    since: float = 0

    def idle_for_s(self, now: float) -> float:
        """How long it has been idle in all, until `now`: for its idle fee."""
        return self.idle_s + (0 if self.instance_id else max(now - self.since, 0))

    def bound_for_s(self, now: float) -> float:
        """How long it has been bound in all, until `now`."""
        return self.bound_s + (max(now - self.since, 0) if self.instance_id else 0)

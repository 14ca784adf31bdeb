"""Bandwidth packages: what several public addresses carry together."""

from dataclasses import dataclass
from enum import StrEnum

UNLIMITED_MBPS = -1  # the bandwidth of a package without a limit
PACKAGE_BANDWIDTH_MAX_MBPS = 50_000


class PackageChargeType(StrEnum):
    """`ChargeType` of a bandwidth package: how its traffic is paid for."""

    ENHANCED95_POSTPAID_BY_MONTH = "ENHANCED95_POSTPAID_BY_MONTH"
    PRIMARY_TRAFFIC_POSTPAID_BY_HOUR = "PRIMARY_TRAFFIC_POSTPAID_BY_HOUR"
    BANDWIDTH_POSTPAID_BY_DAY = "BANDWIDTH_POSTPAID_BY_DAY"
    FIXED_PREPAID_BY_MONTH = "FIXED_PREPAID_BY_MONTH"
    PEAK_BANDWIDTH_POSTPAID_BY_DAY = "PEAK_BANDWIDTH_POSTPAID_BY_DAY"
    TOP5_POSTPAID_BY_MONTH = "TOP5_POSTPAID_BY_MONTH"


class NetworkType(StrEnum):
    """`NetworkType` of a bandwidth package: the carriers that it uses."""

    BGP = "BGP"
    HIGH_QUALITY_BGP = "HIGH_QUALITY_BGP"
    ANYCAST = "ANYCAST"
    SINGLEISP_CMCC = "SINGLEISP_CMCC"
    SINGLEISP_CTCC = "SINGLEISP_CTCC"
    SINGLEISP_CUCC = "SINGLEISP_CUCC"


@dataclass(frozen=True, slots=True)
class BandwidthPackage:
    """A bandwidth package: it pays for its members, and may limit what they carry together."""

    package_id: str
    number: int  # its number in the table, from 1; no other package has it meanwhile
    name: str
    bandwidth_mbps: int
    charge_type: PackageChargeType
    network_type: NetworkType
    created_at: float
    members: tuple[str, ...] = ()  # ids of EIPs and ordinary public IPs, in the order of joining

    @property
    def limited(self) -> bool:
        """Whether the members share one limit of bandwidth."""
        return self.bandwidth_mbps != UNLIMITED_MBPS

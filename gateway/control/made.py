"""Things as they are when they are made: what an event says of one, as the state keeps it."""

from gateway.control import events as ev
from gateway.control.values import (
    BandwidthPackage,
    ChargeType,
    Eip,
    NetworkType,
    PackageChargeType,
)


def new_eip(event: ev.EipAllocated | ev.EipTransformed, at: float) -> Eip:
    """An EIP that nothing is bound to."""
    return Eip(
        eip_id=event.eip_id,
        address=event.address,
        name=event.name,
        bandwidth_mbps=event.bandwidth_mbps,
        charge_type=ChargeType(event.charge_type),
        created_at=at,
        since=at,
    )


def new_package(event: ev.PackageCreated, at: float) -> BandwidthPackage:
    """A bandwidth package without members."""
    return BandwidthPackage(
        package_id=event.package_id,
        number=event.number,
        name=event.name,
        bandwidth_mbps=event.bandwidth_mbps,
        charge_type=PackageChargeType(event.charge_type),
        network_type=NetworkType(event.network_type),
        created_at=at,
    )

"""The bandwidth packages, and their members."""

from dataclasses import replace

from gateway.control import events as ev
from gateway.control.events.kinds import Rules
from gateway.control.state.account import AccountPart
from gateway.control.state.addresses import Addresses
from gateway.control.values.charging import ChargeType
from gateway.control.values.packages import BandwidthPackage, NetworkType, PackageChargeType


class Packages:
    """This part of the state keeps all bandwidth packages by their ids."""

    def __init__(self, account: AccountPart, addresses: Addresses) -> None:
        self.by_id: dict[str, BandwidthPackage] = {}
        self._account = account
        self._addresses = addresses

    def rules(self) -> Rules:
        return {
            ev.PackageCreated: self._created,
            ev.PackageChanged: self._changed,
            ev.PackageDeleted: self._deleted,
            ev.PackageJoined: self._joined,
            ev.PackageLeft: self._left,
        }

    def _created(self, event: ev.PackageCreated, at: float) -> None:
        assert event.package_id not in self.by_id, event
        assert all(one.number != event.number for one in self.by_id.values()), event
        self.by_id[event.package_id] = BandwidthPackage(
            package_id=event.package_id,
            number=event.number,
            name=event.name,
            bandwidth_mbps=event.bandwidth_mbps,
            charge_type=PackageChargeType(event.charge_type),
            network_type=NetworkType(event.network_type),
            created_at=at,
        )

    def _changed(self, event: ev.PackageChanged, _at: float) -> None:
        before = self.by_id[event.package_id]
        after = replace(
            before,
            name=event.name,
            bandwidth_mbps=event.bandwidth_mbps,
            charge_type=PackageChargeType(event.charge_type),
        )
        self.by_id[event.package_id] = after
        if before.limited != after.limited:
            for member in before.members:
                self._addresses.touch(member)

    def _deleted(self, event: ev.PackageDeleted, _at: float) -> None:
        assert not self.by_id[event.package_id].members, event
        del self.by_id[event.package_id]
        self._account.drop_tags(event.package_id)

    def _joined(self, event: ev.PackageJoined, _at: float) -> None:
        package = self.by_id[event.package_id]
        members = (*package.members, event.address_id)
        self.by_id[event.package_id] = replace(package, members=members)
        self._addresses.pay_for(event.address_id, event.package_id, ChargeType.BANDWIDTH_PACKAGE)

    def _left(self, event: ev.PackageLeft, _at: float) -> None:
        package = self.by_id[event.package_id]
        assert event.address_id in package.members, event
        members = tuple(member for member in package.members if member != event.address_id)
        self.by_id[event.package_id] = replace(package, members=members)
        kind = ChargeType(event.charge_type)
        self._addresses.pay_for(event.address_id, None, kind, bandwidth_mbps=event.bandwidth_mbps)

"""Bandwidth packages: created, changed and deleted, joined and left.

The package pays for its members, and each keeps its own bandwidth as well. An address that leaves
pays by traffic, unless the command says otherwise. Members are addresses, not instances: an
ordinary public IP leaves when it is released.
"""

from itertools import count, islice
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import requirements, tags
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import (
    EIP_BANDWIDTH_MAX_MBPS,
    ON_ITS_OWN,
    PACKAGE_BANDWIDTH_MAX_MBPS,
    UNLIMITED_MBPS,
    BandwidthPackage,
    ChargeType,
    Eip,
    Instance,
)

PACKAGES_MAX: Final = 20  # of an account
MEMBERS_MAX: Final = 100  # of a package
JOINABLE: Final = (
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR,
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR,
    ChargeType.BANDWIDTH_PACKAGE,  # one of an earlier version, that is in no package yet
)


def create(state: State, command: cmd.CreatePackages, at: Moment) -> list[ev.Event]:
    """Create packages, with the lowest numbers that are free."""
    _check_limit(command.bandwidth_mbps)
    name = requirements.other_name(command.name)
    requirements.count(command.count, PACKAGES_MAX)
    tags.check(state, command.tags)
    if len(state.packages) + command.count > PACKAGES_MAX:
        raise errors.PackageQuotaError(f"an account has at most {PACKAGES_MAX} bandwidth packages")
    taken = {package.number for package in state.packages.values()}
    numbers = islice((number for number in count(1) if number not in taken), command.count)
    ids: set[str] = set()
    events: list[ev.Event] = []
    for number in numbers:
        package_id = at.new_id("bwp", state.packages, ids)
        ids.add(package_id)
        events.append(
            ev.PackageCreated(
                package_id=package_id,
                number=number,
                name=name,
                bandwidth_mbps=command.bandwidth_mbps,
                charge_type=command.charge_type.value,
                network_type=command.network_type.value,
            )
        )
        events += tags.tagged(package_id, command.tags)
    return events


def change_bandwidth(
    state: State, command: cmd.ChangePackageBandwidth, _at: Moment
) -> list[ev.Event]:
    """Change the limit that all members share, or remove it."""
    package = find(state, command.package_id)
    _check_limit(command.bandwidth_mbps)
    return _changed(package, package.name, command.bandwidth_mbps, package.charge_type.value)


def change_attributes(
    state: State, command: cmd.ChangePackageAttributes, _at: Moment
) -> list[ev.Event]:
    """Change the name of a package, its charge type, or both."""
    package = find(state, command.package_id)
    name = package.name if command.name is None else requirements.other_name(command.name)
    charge_type = command.charge_type or package.charge_type
    return _changed(package, name, package.bandwidth_mbps, charge_type.value)


def _changed(
    package: BandwidthPackage, name: str, bandwidth_mbps: int, charge_type: str
) -> list[ev.Event]:
    before = (package.name, package.bandwidth_mbps, package.charge_type.value)
    if before == (name, bandwidth_mbps, charge_type):
        return []
    return [ev.PackageChanged(package.package_id, name, bandwidth_mbps, charge_type)]


def delete(state: State, command: cmd.DeletePackage, _at: Moment) -> list[ev.Event]:
    """Delete a package; one with members is refused."""
    package = find(state, command.package_id)
    if package.members:
        raise errors.PackageInUseError(
            f"{package.package_id} has {len(package.members)} members: remove them first"
        )
    return [ev.PackageDeleted(package.package_id)]


def join(state: State, command: cmd.JoinPackage, _at: Moment) -> list[ev.Event]:
    """Add addresses to a package, all of them or none."""
    package = find(state, command.package_id)
    address_ids = dict.fromkeys(command.address_ids)
    for address_id in address_ids:
        holder = _holder(state, address_id)
        if holder.package_id:
            raise errors.AlreadyMemberError(f"{address_id} is in {holder.package_id} already")
        if holder.charge_type not in JOINABLE:
            raise errors.MemberChargeTypeError(
                f"{address_id} is {holder.charge_type.value}: that can't join a bandwidth package"
            )
    check_room(package, len(address_ids))
    return [ev.PackageJoined(package.package_id, address_id) for address_id in address_ids]


def leave(state: State, command: cmd.LeavePackage, _at: Moment) -> list[ev.Event]:
    """Remove addresses from a package, all of them or none."""
    package = find(state, command.package_id)
    if command.charge_type not in ON_ITS_OWN:
        raise errors.MemberChargeTypeError(
            f"an address that leaves a bandwidth package can't be {command.charge_type.value}"
        )
    if command.bandwidth_mbps is not None:
        requirements.switched_bandwidth(command.bandwidth_mbps, command.charge_type)
    events: list[ev.Event] = []
    for address_id in dict.fromkeys(command.address_ids):
        holder = _holder(state, address_id)
        if holder.package_id != package.package_id:
            raise errors.NotMemberError(f"{address_id} isn't in {package.package_id}")
        mbps = command.bandwidth_mbps or holder.bandwidth_mbps
        events += left(holder, address_id, charge_type=command.charge_type, bandwidth_mbps=mbps)
    return events


def left(
    holder: Instance | Eip,
    address_id: str,
    *,
    charge_type: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR,
    bandwidth_mbps: int | None = None,
) -> list[ev.Event]:
    """The holder's address leaves its package, if it is in one."""
    if not holder.package_id:
        return []
    # Both kinds of address have the same limits with these charge types.
    mbps = min(bandwidth_mbps or holder.bandwidth_mbps, EIP_BANDWIDTH_MAX_MBPS[charge_type])
    return [ev.PackageLeft(holder.package_id, address_id, charge_type.value, mbps)]


def joining(
    state: State, package_id: str | None, charge_type: ChargeType, newcomers: int
) -> BandwidthPackage | None:
    """The package that new addresses are to join, or None. Raises a `DomainError`."""
    if package_id is None:
        if newcomers and charge_type is ChargeType.BANDWIDTH_PACKAGE:
            raise errors.PackageMissingError(
                f"{charge_type.value}: say which bandwidth package pays for it"
            )
        return None
    if charge_type is not ChargeType.BANDWIDTH_PACKAGE:
        raise errors.CombinationError(
            f"an address joins a bandwidth package only as {ChargeType.BANDWIDTH_PACKAGE.value}"
        )
    package = find(state, package_id)
    check_room(package, newcomers)
    return package


def check_room(package: BandwidthPackage, newcomers: int) -> None:
    """Check that so many addresses more may join. Raises `PackageFullError`."""
    if len(package.members) + newcomers > MEMBERS_MAX:
        raise errors.PackageFullError(f"a bandwidth package has at most {MEMBERS_MAX} members")


def find(state: State, package_id: str) -> BandwidthPackage:
    """Look up the bandwidth package with this id. Raises `UnknownPackageError`."""
    found = state.packages.get(package_id)
    if found is None:
        raise errors.UnknownPackageError(f"no bandwidth package {package_id[:80]!r}")
    return found


def _holder(state: State, address_id: str) -> Instance | Eip:
    """The EIP with this id, or the instance that has it as ordinary public IP."""
    if address_id in state.eips:
        return state.eips[address_id]
    if address_id in state.ordinary:
        return state.instances[state.ordinary[address_id]]
    raise errors.UnknownMemberError(f"no EIP and no ordinary public IP {address_id[:80]!r}")


def _check_limit(mbps: int) -> None:
    if mbps != UNLIMITED_MBPS and not 1 <= mbps <= PACKAGE_BANDWIDTH_MAX_MBPS:
        raise errors.RangeError(
            f"a bandwidth package has 1 to {PACKAGE_BANDWIDTH_MAX_MBPS} Mbps, "
            f"or {UNLIMITED_MBPS} for no limit"
        )

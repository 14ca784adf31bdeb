"""Addresses exchanged for others of the pool: their EIP or instance keeps all else."""

from collections.abc import Collection
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import account, blocks, requirements
from gateway.control.decisions.candidates import choose
from gateway.control.decisions.moment import Moment
from gateway.control.state import State

CHANGES_MAX: Final = 3  # of an account, in a day
CHANGES_OF_ONE_MAX: Final = 1


def change_ordinary(state: State, command: cmd.ChangeOrdinaryIp, at: Moment) -> list[ev.Event]:
    """Exchange an ordinary public IP for one that the instance never had; only today's API can."""
    if not account.standard(state):
        raise errors.UnsupportedBehaviourError(
            "the system alone chooses ordinary public IPs (behaviour LEGACY)"
        )
    instance = requirements.instance(state, command.instance_id)
    requirements.at_rest(instance)
    ordinary = instance.ordinary
    if not ordinary:
        raise errors.NoWanIpError(f"{instance.instance_id} has no ordinary public IP")
    without = {*instance.former, ordinary.address}
    return [_changed(state, ordinary.address_id, ordinary.address, without, at)]


def change_eip(state: State, command: cmd.ChangeEipAddress, at: Moment) -> list[ev.Event]:
    """Exchange the address of an EIP; only one in a bandwidth package can."""
    eip = requirements.eip(state, command.eip_id)
    if not eip.package_id:
        raise errors.ChargeTypeError(
            f"{eip.eip_id} is in no bandwidth package: it keeps its address"
        )
    if eip.instance_id:
        requirements.at_rest(state.instances[eip.instance_id])
    return [_changed(state, eip.eip_id, eip.address, {eip.address}, at)]


def _changed(
    state: State, address_id: str, before: str, without: Collection[str], at: Moment
) -> ev.AddressChanged:
    blocks.refuse(state, before)
    if state.ledger.changes_of(address_id) >= CHANGES_OF_ONE_MAX:
        raise errors.ChangedBeforeError(f"{before} was changed for another before: once is all")
    if state.ledger.changes(at.now) >= CHANGES_MAX:
        raise errors.DailyChangesError(
            f"an account may change {CHANGES_MAX} addresses in a day (UTC)"
        )
    ((address, slot),) = choose(state, at, 1, without=without)
    return ev.AddressChanged(address_id, before, address, slot)

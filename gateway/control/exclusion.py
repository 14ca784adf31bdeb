"""Mutual exclusion: what has a task under way takes part in no other until that is done.

Names may change at any time, and so may what concerns no address and no instance.
"""

from collections.abc import Iterable

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control.progress import Progress
from gateway.control.state import PASSING, State


def check(state: State, progress: Progress, command: cmd.Command) -> None:
    """Check that `command` may begin. Raises a `DomainError` if a task is in its way."""
    match command:
        case cmd.StartInstance(key) | cmd.StopInstance(key) | cmd.RebootInstance(key):
            _may_operate(state, progress, [key])
        case cmd.TerminateInstance(key):
            _may_operate(state, progress, [key])
            _may_lose_its_eip(state, progress, key)
        case cmd.ChangeInstancesBandwidth():
            _may_operate(state, progress, command.instance_ids)
        case cmd.ReturnOrdinaryIps():
            _may_readdress(state, progress, command.instance_ids)
        case cmd.TransformOrdinaryIp(key) | cmd.ChangeOrdinaryIp(key):
            _may_readdress(state, progress, [key])
        case cmd.BindEip(eip_id, key):
            _may_move(state, progress, eip_id)
            _may_readdress(state, progress, [key])
        case cmd.UnbindEip(eip_id) | cmd.ChangeEipAddress(eip_id):
            _may_move(state, progress, eip_id)
        case cmd.ReleaseEip(eip_id) | cmd.ChangeEipChargeType(eip_id):
            _may_change(progress, [eip_id])
        case cmd.ChangeEipsBandwidth():
            _may_change(progress, command.eip_ids)
        case cmd.JoinPackage() | cmd.LeavePackage():
            _may_change(progress, command.address_ids)
        case _:
            pass


def _may_operate(state: State, progress: Progress, instance_ids: Iterable[str]) -> None:
    """Check that no task keeps the instances from being switched, ended or changed.

    The decision itself refuses an instance that is in a passing state.
    """
    for key in instance_ids:
        instance = state.instances.get(key)
        if instance is None or instance.state in PASSING:
            continue
        if key in progress.states:
            raise errors.InstanceStateError(key, progress.states[key], "RUNNING or STOPPED")
        if progress.under_way(key):
            raise errors.InstanceBusyError(f"a task is under way on {key}: wait until it is done")


def _may_lose_its_eip(state: State, progress: Progress, instance_id: str) -> None:
    instance = state.instances.get(instance_id)
    if instance and instance.eip_id and progress.under_way(instance.eip_id):
        raise errors.InstanceBusyError(
            f"a task is under way on {instance.eip_id}, which {instance_id} has: "
            "wait until it is done"
        )


def _may_readdress(state: State, progress: Progress, instance_ids: Iterable[str]) -> None:
    """Check that no task holds the instances' public addresses. Raises `AddressBusyError`."""
    for key in instance_ids:
        instance = state.instances.get(key)
        if instance and instance.state not in PASSING and progress.under_way(key):
            raise errors.AddressBusyError(f"a task is under way on {key}: wait until it is done")


def _may_move(state: State, progress: Progress, eip_id: str) -> None:
    """Check that the EIP may leave its instance, if it has one. Raises `AddressBusyError`."""
    _may_change(progress, [eip_id])
    eip = state.eips.get(eip_id)
    if eip and eip.instance_id:
        _may_readdress(state, progress, [eip.instance_id])


def _may_change(progress: Progress, address_ids: Iterable[str]) -> None:
    for key in address_ids:
        if progress.under_way(key):
            raise errors.AddressBusyError(f"a task is under way on {key}: wait until it is done")

"""Mutual exclusion: what has a task under way takes part in no other until that is done.

Names may change at any time, and so may what concerns no address and no instance.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control.progress import Progress
from gateway.control.state import PASSING, State

# Raises a `DomainError` if a task is in the way of one of the instances or addresses.
Check = Callable[[State, Progress, Collection[str]], None]


def check(state: State, progress: Progress, command: cmd.Command) -> None:
    """Check that `command` may begin. Raises a `DomainError` if a task is in its way."""
    for may, field in CHECKS[type(command)]:
        keys = getattr(command, field)
        may(state, progress, (keys,) if isinstance(keys, str) else keys)


def _may_operate(state: State, progress: Progress, instance_ids: Collection[str]) -> None:
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


def _may_lose_eips(state: State, progress: Progress, instance_ids: Collection[str]) -> None:
    """Check that no task holds the instances' EIPs. Raises `InstanceBusyError`."""
    for key in instance_ids:
        instance = state.instances.get(key)
        if instance and instance.eip_id and progress.under_way(instance.eip_id):
            raise errors.InstanceBusyError(
                f"a task is under way on {instance.eip_id}, which {key} has: wait until it is done"
            )


def _may_readdress(state: State, progress: Progress, instance_ids: Collection[str]) -> None:
    """Check that no task holds the instances' public addresses. Raises `AddressBusyError`."""
    for key in instance_ids:
        instance = state.instances.get(key)
        if instance and instance.state not in PASSING and progress.under_way(key):
            raise errors.AddressBusyError(f"a task is under way on {key}: wait until it is done")


def _may_move(state: State, progress: Progress, eip_ids: Collection[str]) -> None:
    """Check that EIPs may leave the instances that they have. Raises `AddressBusyError`."""
    _may_change(state, progress, eip_ids)
    eips = [state.eips[key] for key in eip_ids if key in state.eips]
    _may_readdress(state, progress, [eip.instance_id for eip in eips if eip.instance_id])


def _may_change(_: State, progress: Progress, address_ids: Collection[str]) -> None:
    """Check that no task holds the addresses. Raises `AddressBusyError`."""
    for key in address_ids:
        if progress.under_way(key):
            raise errors.AddressBusyError(f"a task is under way on {key}: wait until it is done")


# What each kind of command needs, and the field that names the instances or addresses it needs it
# of. An empty row: the kind changes nothing that a task holds, or reports a task's end.
CHECKS: Final[Mapping[type[cmd.Command], tuple[tuple[Check, str], ...]]] = {
    cmd.RunInstance: (),
    cmd.StartInstance: ((_may_operate, "instance_id"),),
    cmd.StopInstance: ((_may_operate, "instance_id"),),
    cmd.RebootInstance: ((_may_operate, "instance_id"),),
    cmd.TerminateInstance: ((_may_operate, "instance_id"), (_may_lose_eips, "instance_id")),
    cmd.ReportDone: (),
    cmd.ReportLaunchFailed: (),
    cmd.ChangeInstancesBandwidth: ((_may_operate, "instance_ids"),),
    cmd.RenameInstances: (),
    cmd.ChangeInstancesAttributes: (),
    cmd.AllocateEip: (),
    cmd.BindEip: ((_may_move, "eip_id"), (_may_readdress, "instance_id")),
    cmd.UnbindEip: ((_may_move, "eip_id"),),
    cmd.TransformOrdinaryIp: ((_may_readdress, "instance_id"),),
    cmd.ReturnOrdinaryIps: ((_may_readdress, "instance_ids"),),
    cmd.ReleaseEip: ((_may_change, "eip_id"),),
    cmd.ChangeEipsBandwidth: ((_may_change, "eip_ids"),),
    cmd.ChangeEipChargeType: ((_may_change, "eip_id"),),
    cmd.RenewEips: (),
    cmd.ChangeEipsRenewal: (),
    cmd.KeepDeadlines: (),
    cmd.RenameEip: (),
    cmd.ChangeOrdinaryIp: ((_may_readdress, "instance_id"),),
    cmd.ChangeEipAddress: ((_may_move, "eip_id"),),
    cmd.BlockAddress: (),
    cmd.OpenAddress: (),
    cmd.OpenDueAddresses: (),
    cmd.CreatePackages: (),
    cmd.ChangePackageBandwidth: (),
    cmd.ChangePackageAttributes: (),
    cmd.DeletePackage: (),
    cmd.JoinPackage: ((_may_change, "address_ids"),),
    cmd.LeavePackage: ((_may_change, "address_ids"),),
    cmd.CreateTag: (),
    cmd.DeleteTag: (),
    cmd.ChangeTags: (),
    cmd.CreateGroup: (),
    cmd.CloneGroup: (),
    cmd.ChangeGroup: (),
    cmd.DeleteGroup: (),
    cmd.AddPolicies: (),
    cmd.RemovePolicies: (),
    cmd.ReplacePolicies: (),
    cmd.SetPolicies: (),
    cmd.JoinGroups: (),
    cmd.LeaveGroups: (),
    cmd.CreateTemplate: (),
    cmd.ChangeTemplate: (),
    cmd.DeleteTemplate: (),
    cmd.ConfigureAccount: (),
}

"""The rules: which events a command leads to, or why it is refused.

Nothing here changes the state. Ordinary public IPs are the system's: assigned when an instance with
bandwidth is bought and when an EIP leaves it, released when an EIP comes, when the instance ends or
can't be built. No command names one. The account's behaviour says who asks for that: `Behaviour`.
"""

from typing import assert_never

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decisions import (
    account,
    addresses,
    bandwidth,
    blocks,
    exchange,
    instances,
    packages,
    purchase,
)
from gateway.control.decisions.circumstances import Circumstances
from gateway.control.state import State
from gateway.control.values import InstanceState


def decide(state: State, command: cmd.Command, at: Circumstances) -> list[ev.Event]:
    """The events that carry out `command`. Raises a `DomainError` if it is refused."""
    match command:
        case cmd.RunInstance():
            return instances.run(state, command, at)
        case cmd.StartInstance(instance_id):
            return instances.start(state, instance_id, at)
        case cmd.StopInstance():
            return instances.stop(state, command)
        case cmd.RebootInstance(instance_id):
            return instances.pass_on(
                state, instance_id, InstanceState.RUNNING, InstanceState.REBOOTING
            )
        case cmd.TerminateInstance(instance_id):
            return instances.terminate(state, instance_id)
        case cmd.ReportDone(instance_id):
            return instances.done(state, instance_id)
        case cmd.ReportLaunchFailed(instance_id, why):
            return instances.launch_failed(state, instance_id, why)
        case cmd.ChangeInstancesBandwidth():
            return bandwidth.change_instances(state, command)
        case cmd.ConfigureAccount():
            return account.configure(state, command)
        case cmd.RenameInstances():
            return bandwidth.rename_instances(state, command)
        case cmd.ChangeInstancesAttributes():
            return purchase.change(state, command)
        case (
            cmd.CreatePackages()
            | cmd.ChangePackageBandwidth()
            | cmd.ChangePackageAttributes()
            | cmd.DeletePackage()
            | cmd.JoinPackage()
            | cmd.LeavePackage()
        ):
            return _of_packages(state, command, at)
        case _:
            return _of_addresses(state, command, at)


def _of_packages(state: State, command: cmd.OnPackages, at: Circumstances) -> list[ev.Event]:
    match command:
        case cmd.CreatePackages():
            return packages.create(state, command, at)
        case cmd.ChangePackageBandwidth():
            return packages.change_bandwidth(state, command)
        case cmd.ChangePackageAttributes():
            return packages.change_attributes(state, command)
        case cmd.DeletePackage():
            return packages.delete(state, command)
        case cmd.JoinPackage():
            return packages.join(state, command)
        case cmd.LeavePackage():
            return packages.leave(state, command)
        case _:
            assert_never(command)


def _of_addresses(state: State, command: cmd.OnAddresses, at: Circumstances) -> list[ev.Event]:
    match command:
        case cmd.AllocateEip():
            return addresses.allocate(state, command, at)
        case cmd.BindEip():
            return addresses.bind(state, command, at)
        case cmd.UnbindEip():
            return addresses.unbind(state, command, at)
        case cmd.TransformOrdinaryIp():
            return addresses.transform(state, command, at)
        case cmd.ReturnOrdinaryIps():
            return addresses.return_ordinary(state, command)
        case cmd.ReleaseEip(eip_id):
            return addresses.give_back(state, eip_id)
        case cmd.ChangeEipsBandwidth():
            return bandwidth.change_eips(state, command)
        case cmd.ChangeEipChargeType():
            return bandwidth.change_charge_type(state, command)
        case cmd.RenameEip():
            return bandwidth.rename_eip(state, command)
        case cmd.BlockAddress():
            return blocks.block(state, command, at)
        case cmd.OpenAddress(address):
            return blocks.open_early(state, address)
        case cmd.OpenDueAddresses():
            return blocks.open_due(state, at)
        case cmd.ChangeOrdinaryIp(instance_id):
            return exchange.change_ordinary(state, instance_id, at)
        case cmd.ChangeEipAddress(eip_id):
            return exchange.change_eip(state, eip_id, at)
        case _:
            assert_never(command)

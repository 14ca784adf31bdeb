"""The rules: which events a command leads to, or why it is refused.

Nothing here changes the state. Ordinary public IPs belong to the system: it assigns one when an
instance with bandwidth is bought and when an EIP leaves an instance; it releases one when an EIP
comes, when the instance ends or can't be built. No command names one. The account's behaviour
decides who asks for that: see `Behaviour`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decisions import (
    account,
    addresses,
    bandwidth,
    blocks,
    deadlines,
    expiry,
    groups,
    instances,
    memberships,
    packages,
    policies,
    purchases,
    replacements,
    tags,
    templates,
)
from gateway.control.decisions.moment import Moment
from gateway.control.state import State

Rule = Callable[[State, Any, Moment], list[ev.Event]]

# Each rule takes commands of the kind it stands under.
RULES: Final[Mapping[type[cmd.Command], Rule]] = {
    cmd.RunInstance: instances.run,
    cmd.StartInstance: instances.start,
    cmd.StopInstance: instances.stop,
    cmd.RebootInstance: instances.reboot,
    cmd.TerminateInstance: instances.terminate,
    cmd.ReportDone: instances.done,
    cmd.ReportLaunchFailed: instances.launch_failed,
    cmd.ChangeInstancesBandwidth: bandwidth.change_instances,
    cmd.RenameInstances: bandwidth.rename_instances,
    cmd.ChangeInstancesAttributes: purchases.change,
    cmd.AllocateEip: addresses.allocate,
    cmd.BindEip: addresses.bind,
    cmd.UnbindEip: addresses.unbind,
    cmd.TransformOrdinaryIp: addresses.transform,
    cmd.ReturnOrdinaryIps: addresses.return_ordinary,
    cmd.ReleaseEip: addresses.release_eip,
    cmd.ChangeEipsBandwidth: bandwidth.change_eips,
    cmd.ChangeEipChargeType: bandwidth.change_charge_type,
    cmd.RenewEips: deadlines.renew,
    cmd.ChangeEipsRenewal: deadlines.change_renewal,
    cmd.KeepDeadlines: expiry.keep,
    cmd.RenameEip: bandwidth.rename_eip,
    cmd.ChangeOrdinaryIp: replacements.change_ordinary,
    cmd.ChangeEipAddress: replacements.change_eip,
    cmd.BlockAddress: blocks.block,
    cmd.OpenAddress: blocks.open_early,
    cmd.OpenDueAddresses: blocks.open_due,
    cmd.CreatePackages: packages.create,
    cmd.ChangePackageBandwidth: packages.change_bandwidth,
    cmd.ChangePackageAttributes: packages.change_attributes,
    cmd.DeletePackage: packages.delete,
    cmd.JoinPackage: packages.join,
    cmd.LeavePackage: packages.leave,
    cmd.ConfigureAccount: account.configure,
    cmd.CreateTag: tags.create,
    cmd.DeleteTag: tags.delete,
    cmd.ChangeTags: tags.change,
    cmd.CreateGroup: groups.create,
    cmd.CloneGroup: groups.clone,
    cmd.ChangeGroup: groups.change,
    cmd.DeleteGroup: groups.delete,
    cmd.AddPolicies: policies.add,
    cmd.RemovePolicies: policies.remove,
    cmd.ReplacePolicies: policies.replace_some,
    cmd.SetPolicies: policies.set_all,
    cmd.JoinGroups: memberships.join,
    cmd.LeaveGroups: memberships.leave,
    cmd.CreateTemplate: templates.create,
    cmd.ChangeTemplate: templates.change,
    cmd.DeleteTemplate: templates.delete,
}


def decide(state: State, command: cmd.Command, at: Moment) -> list[ev.Event]:
    """The events that carry out `command`. Raises a `DomainError` if it is refused."""
    return RULES[type(command)](state, command, at)

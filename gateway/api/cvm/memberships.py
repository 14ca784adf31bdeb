"""The actions on the security groups that instances are in."""

from typing import Final

from gateway.api import codes, ids
from gateway.api.action import Context, action
from gateway.api.client import WaitsFor
from gateway.api.cvm.instances import OnInstances
from gateway.api.services import CVM
from gateway.control import commands as cmd
from gateway.control.progress import Task

_CODES: Final = (
    *codes.WRITTEN_INSTANCES,
    "InvalidSgId.Malformed",
    "InvalidSecurityGroupId.NotFound",
)


class OnGroup(OnInstances):
    """What both actions have in common: they are about one security group."""

    SecurityGroupIds: ids.OneGroupId


@action(
    CVM,
    rate_per_s=10.0,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        *_CODES,
        "LimitExceeded.SingleUSGQuota",
        "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded",
    ),
)
class AssociateSecurityGroups(OnGroup):
    """Put instances into a security group, which is tried after those that they are in."""

    def run(self, context: Context) -> Task:
        return context.submit(cmd.JoinGroups(self.InstanceIds, self.SecurityGroupIds))


@action(CVM, rate_per_s=10.0, waits_for=WaitsFor.IN_FORCE, codes=_CODES)
class DisassociateSecurityGroups(OnGroup):
    """Take instances out of a security group; an instance is in one at least."""

    def run(self, context: Context) -> Task:
        return context.submit(cmd.LeaveGroups(self.InstanceIds, self.SecurityGroupIds))

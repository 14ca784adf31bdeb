"""The actions on the policies of security groups.

Each holds for the next packet when it is answered.
"""

from enum import StrEnum
from typing import Final

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, Filtered, action
from gateway.api.client import WaitsFor
from gateway.api.errors import ApiError
from gateway.api.fields import Flag
from gateway.api.filters import Seen, matching
from gateway.api.services import VPC
from gateway.api.vpc.group_view import POLICY_FILTERS, policy_set_view, rows
from gateway.api.vpc.policy_requests import OneWay, PolicySetRequest
from gateway.control import commands as cmd
from gateway.control.decisions.policies import find
from gateway.control.progress import Task

_CHANGE: Final = (*codes.POLICY, codes.DUPLICATE_POLICY, codes.VERSION)


@action(VPC, filters=POLICY_FILTERS, codes=(codes.GROUP, codes.FILTER, codes.LIMIT))
class DescribeSecurityGroupPolicies(Filtered):
    """List the policies of a security group in their order, with their version."""

    SecurityGroupId: ids.GroupId

    def run(self, context: Context) -> Answer:
        tests = self.tests()
        with context.control.state() as state:
            group = find(state, self.SecurityGroupId)
            found = matching(Seen(state), rows(group), tests)
            return {"SecurityGroupPolicySet": policy_set_view(state, group, found)}


class OnPolicies(Action):
    """What the actions that change policies have in common."""

    SecurityGroupId: ids.GroupId
    SecurityGroupPolicySet: PolicySetRequest


@action(
    VPC,
    waits_for=WaitsFor.IN_FORCE,
    codes=(*_CHANGE, "LimitExceeded.SecurityGroupPolicySet"),
)
class CreateSecurityGroupPolicies(OnPolicies):
    """Add policies of one direction, together, before a place or behind the last one."""

    def run(self, context: Context) -> Task:
        """All of them name the same place, or none."""
        wanted = self.SecurityGroupPolicySet
        one_way = wanted.one_way()
        if len(set(one_way.indexes)) > 1:
            raise ApiError(codes.VALUE, "PolicyIndex: all policies of a call name the same place")
        return context.submit(
            cmd.AddPolicies(
                self.SecurityGroupId,
                one_way.direction,
                tuple(one.policy() for one in one_way.policies),
                one_way.indexes[0],
                wanted.version,
            )
        )


@action(
    VPC,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        codes.GROUP,
        codes.COEXIST,
        f"{codes.VALUE}.Empty",
        f"{codes.VALUE}.Range",
        codes.VERSION,
    ),
)
class DeleteSecurityGroupPolicies(OnPolicies):
    """Remove policies of one direction, by their places or by what they are."""

    def run(self, context: Context) -> Task:
        """Descriptions don't matter; of a policy with a place nothing else does."""
        wanted = self.SecurityGroupPolicySet
        one_way = wanted.one_way()
        places = tuple(index for index in one_way.indexes if index is not None)
        named = tuple(one.policy() for one in one_way.policies if one.PolicyIndex is None)
        return context.submit(
            cmd.RemovePolicies(
                self.SecurityGroupId, one_way.direction, places, named, wanted.version
            )
        )


@action(
    VPC,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        codes.GROUP,
        codes.COEXIST,
        f"{codes.VALUE}.Empty",
        codes.TOO_LONG,
        codes.DUPLICATE_POLICY,
    ),
)
class ModifySecurityGroupPolicies(OnPolicies):
    """Replace all policies of both directions, in the order that is given.

    `Version` 0 removes all, whatever else is given. Places that policies name don't matter.
    """

    SortPolicys: Flag = False

    def run(self, context: Context) -> Task:
        """The order is that of the request, whatever `SortPolicys` is."""
        wanted = self.SecurityGroupPolicySet
        if wanted.version == 0:
            return context.submit(cmd.SetPolicies(self.SecurityGroupId, version=0))
        return context.submit(
            cmd.SetPolicies(self.SecurityGroupId, *wanted.both(), version=wanted.version)
        )


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=_CHANGE)
class ReplaceSecurityGroupPolicy(OnPolicies):
    """Replace the policy at one place of one direction."""

    OriginalSecurityGroupPolicySet: PolicySetRequest = PolicySetRequest()

    def run(self, context: Context) -> Task:
        """What the policy was before isn't looked at."""
        one_way = self.SecurityGroupPolicySet.one_way()
        if len(one_way.policies) > 1:
            raise ApiError(codes.VALUE, "one policy at a time")
        return context.submit(_replaced(self, one_way))


class Update(StrEnum):
    """What changes of the policies: what they say, their places, or both."""

    POLICY = "Policy"
    PRIORITY = "Priority"
    BOTH = "Both"


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=_CHANGE)
class ReplaceSecurityGroupPolicies(OnPolicies):
    """Replace policies of one direction, move them, or both.

    To move policies, `OriginalSecurityGroupPolicySet` names where each is now, and
    `SecurityGroupPolicySet`, in the same order, where each shall be.
    """

    OriginalSecurityGroupPolicySet: PolicySetRequest = PolicySetRequest()
    UpdateType: Update = Update.POLICY

    def run(self, context: Context) -> Task:
        one_way = self.SecurityGroupPolicySet.one_way()
        if self.UpdateType is Update.POLICY:
            return context.submit(_replaced(self, one_way))
        before = self.OriginalSecurityGroupPolicySet.one_way()
        if before.direction is not one_way.direction or len(before.policies) != len(
            one_way.policies
        ):
            raise ApiError(
                codes.VALUE, "OriginalSecurityGroupPolicySet: name each policy where it is now"
            )
        content = self.UpdateType is Update.BOTH
        changes = tuple(
            cmd.PolicyChange(old.index, new.policy() if content else None, new.index)
            for old, new in zip(before.policies, one_way.policies, strict=True)
        )
        return context.submit(_change(self, one_way, changes))


def _replaced(asked: OnPolicies, one_way: OneWay) -> cmd.ReplacePolicies:
    """The policies stand where those are that they replace."""
    changes = tuple(cmd.PolicyChange(one.index, one.policy()) for one in one_way.policies)
    return _change(asked, one_way, changes)


def _change(
    asked: OnPolicies, one_way: OneWay, changes: tuple[cmd.PolicyChange, ...]
) -> cmd.ReplacePolicies:
    version = asked.SecurityGroupPolicySet.version
    return cmd.ReplacePolicies(asked.SecurityGroupId, one_way.direction, changes, version)

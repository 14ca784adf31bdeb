"""The actions on security groups; `policies` has those on what they admit."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, Listing, action
from gateway.api.client import WaitsFor
from gateway.api.errors import ApiError
from gateway.api.fields import Flag, Refused, Tag, only
from gateway.api.filters import Seen, matching
from gateway.api.listing import listed, selected
from gateway.api.services import VPC
from gateway.api.vpc.group_view import FILTERS, group_view, statistics_view
from gateway.api.vpc.policy_requests import PolicySetRequest
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import values
from gateway.control.decisions import policies
from gateway.control.decisions.groups import GROUPS_MAX, GROUPS_PER_INSTANCE, MEMBERS_MAX
from gateway.control.progress import Task
from gateway.control.state import State
from gateway.control.values.groups import SECURITY_GROUP_ID

_Project = Annotated[str, only("0")]
_CREATE: Final = (codes.TOO_LONG,)


def _created(context: Context, task: Task) -> Answer:
    """Answer with the group that the task has created, as it is shown."""
    made = next(event for event in task.events if isinstance(event, ev.GroupCreated))
    with context.control.state() as state:
        return {"SecurityGroup": group_view(state, policies.find(state, made.group_id))}


def _tags(tags: tuple[Tag, ...]) -> tuple[values.Tag, ...]:
    return tuple(values.Tag(tag.Key, tag.Value) for tag in tags)


@action(
    VPC,
    codes=(*_CREATE, f"{codes.VALUE}.TagDuplicateKey", "LimitExceeded.TagQuota"),
)
class CreateSecurityGroup(Action):
    """Create a security group without policies: it admits nothing, in either direction."""

    GroupName: str
    GroupDescription: str
    ProjectId: _Project = "0"
    Tags: tuple[Tag, ...] = ()

    def run(self, context: Context) -> Answer:
        command = cmd.CreateGroup(self.GroupName, self.GroupDescription, tags=_tags(self.Tags))
        return _created(context, context.submit(command))


@action(VPC, codes=(*_CREATE, codes.GROUP, codes.COEXIST))
class CreateSecurityGroupWithPolicies(Action):
    """Create a security group with policies of both directions; what none admits is dropped."""

    GroupName: str
    GroupDescription: str
    ProjectId: _Project = "0"
    SecurityGroupPolicySet: PolicySetRequest = PolicySetRequest()
    Tags: tuple[Tag, ...] = ()

    def run(self, context: Context) -> Answer:
        ingress, egress = self.SecurityGroupPolicySet.both()
        command = cmd.CreateGroup(
            self.GroupName, self.GroupDescription, ingress, egress, _tags(self.Tags)
        )
        return _created(context, context.submit(command))


@action(VPC, codes=(*_CREATE, codes.GROUP))
class CloneSecurityGroup(Action):
    """Create a security group with the policies of another one."""

    SecurityGroupId: ids.GroupId
    GroupName: str | None = None
    GroupDescription: str | None = None
    ProjectId: _Project = "0"
    RemoteRegion: Refused = None
    Tags: tuple[Tag, ...] = ()
    IsCloneTags: Flag = False

    def run(self, context: Context) -> Answer:
        command = cmd.CloneGroup(
            self.SecurityGroupId,
            self.GroupName,
            self.GroupDescription,
            _tags(self.Tags),
            self.IsCloneTags,
        )
        return _created(context, context.submit(command))


@action(VPC)
class CreateDefaultSecurityGroup(Action):
    """Answer with the default security group, which is there from the start."""

    ProjectId: _Project = "0"

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            return {"SecurityGroup": group_view(state, state.groups[SECURITY_GROUP_ID])}


class _OrderField(StrEnum):
    CREATED = "CreatedTime"
    UPDATED = "UpdateTime"


class _OrderDirection(StrEnum):
    UP = "ASC"
    DOWN = "DESC"


@action(
    VPC,
    filters=FILTERS,
    codes=(codes.GROUP, codes.COEXIST, codes.FILTER, codes.LIMIT),
)
class DescribeSecurityGroups(Listing):
    """List all security groups, or the security groups with these ids."""

    either: ClassVar[tuple[str, ...]] = ("SecurityGroupIds", "Filters")
    either_code: ClassVar[str] = codes.COEXIST

    SecurityGroupIds: ids.GroupIds = ()
    OrderField: _OrderField | None = None
    OrderDirection: _OrderDirection = _OrderDirection.UP

    def run(self, context: Context) -> Answer:
        """In the order of their creation, unless another one is asked for."""
        tests = self.tests()
        with context.control.state() as state:
            _check_known(state, self.SecurityGroupIds)
            found = matching(Seen(state), selected(state.groups, self.SecurityGroupIds), tests)
            if self.OrderField is _OrderField.UPDATED:
                found.sort(key=lambda one: one.changed_at)
            if self.OrderField and self.OrderDirection is _OrderDirection.DOWN:
                found.reverse()
            return listed("SecurityGroupSet", found, self, lambda one: group_view(state, one))


@action(VPC, codes=(codes.GROUP, codes.TOO_LONG))
class ModifySecurityGroupAttribute(Action):
    """Give a security group another name, another description, or both."""

    SecurityGroupId: ids.GroupId
    GroupName: str | None = None
    GroupDescription: str | None = None

    def run(self, context: Context) -> Task:
        command = cmd.ChangeGroup(self.SecurityGroupId, self.GroupName, self.GroupDescription)
        return context.submit(command)


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=(codes.GROUP,))
class DeleteSecurityGroup(Action):
    """Delete a security group that no instance is in and no other group's policy names."""

    SecurityGroupId: ids.GroupId

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeleteGroup(self.SecurityGroupId))


@action(VPC, codes=(codes.GROUP, codes.LIMIT))
class DescribeSecurityGroupAssociationStatistics(Action):
    """Count the instances that are in security groups, and the groups that name them."""

    SecurityGroupIds: ids.SomeGroupIds

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            _check_known(state, self.SecurityGroupIds)
            shown = [statistics_view(state, key) for key in dict.fromkeys(self.SecurityGroupIds)]
        return {"SecurityGroupAssociationStatisticsSet": shown}


@action(VPC, codes=(codes.GROUP, codes.LIMIT))
class DescribeSecurityGroupReferences(Action):
    """List for each security group the groups whose policies name it."""

    SecurityGroupIds: ids.SomeGroupIds

    def run(self, context: Context) -> Answer:
        """A group that no policy names isn't in the answer."""
        with context.control.state() as state:
            _check_known(state, self.SecurityGroupIds)
            naming = {key: state.naming(key) for key in dict.fromkeys(self.SecurityGroupIds)}
        return {
            "ReferredSecurityGroupSet": [
                {"SecurityGroupId": key, "ReferredSecurityGroupIds": found}
                for key, found in naming.items()
                if found
            ]
        }


@action(VPC)
class DescribeSecurityGroupLimits(Action):
    """List the quotas of security groups, policies and members."""

    def run(self, context: Context) -> Answer:  # noqa: ARG002  they are the same for everybody
        return {
            "SecurityGroupLimitSet": {
                "SecurityGroupLimit": GROUPS_MAX,
                "SecurityGroupPolicyLimit": policies.POLICIES_MAX,
                "ReferedSecurityGroupLimit": policies.NAMING_MAX,
                "SecurityGroupInstanceLimit": MEMBERS_MAX,
                "InstanceSecurityGroupLimit": GROUPS_PER_INSTANCE,
                "SecurityGroupExtendedPolicyLimit": policies.EXPANDED_MAX,
                "SecurityGroupReferedCvmAndEniLimit": MEMBERS_MAX,
                "SecurityGroupReferedSvcLimit": 0,
            }
        }


def _check_known(state: State, group_ids: tuple[str, ...]) -> None:
    """These actions refuse an unknown id, unlike those on instances and addresses."""
    unknown = [key for key in group_ids if key not in state.groups]
    if unknown:
        raise ApiError("ResourceNotFound", f"there is no security group {unknown[0]}")

"""The actions on bandwidth packages."""

from collections.abc import Mapping
from typing import Final

from gateway.api import answers, filter_tables, filters, views
from gateway.api.action import VPC, Action, Answer
from gateway.api.actions.selection import page, selected
from gateway.api.actions.tasks import in_force
from gateway.api.requests import fields
from gateway.api.requests import packages as models
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.decisions.packages import PACKAGES_MAX, find
from gateway.control.values import Tag


def _create(control: Controller, request: models.CreateBandwidthPackage) -> answers.PackageIds:
    task = control.submit(
        cmd.CreatePackages(
            name=request.BandwidthPackageName,
            bandwidth_mbps=request.InternetMaxBandwidth,
            charge_type=request.ChargeType,
            network_type=request.NetworkType,
            count=request.BandwidthPackageCount,
            tags=tuple(Tag(tag.Key, tag.Value) for tag in request.Tags),
        )
    )
    ids = [event.package_id for event in task.events if isinstance(event, ev.PackageCreated)]
    return {"BandwidthPackageId": ids[0], "BandwidthPackageIds": ids}


def _delete(control: Controller, request: models.DeleteBandwidthPackage) -> Answer:
    control.submit(cmd.DeletePackage(request.BandwidthPackageId))
    return {}


def _change_bandwidth(
    control: Controller, request: models.ModifyBandwidthPackageBandwidth
) -> Answer:
    command = cmd.ChangePackageBandwidth(request.BandwidthPackageId, request.InternetMaxBandwidth)
    return in_force(control, control.submit(command))


def _change_attributes(
    control: Controller, request: models.ModifyBandwidthPackageAttribute
) -> Answer:
    control.submit(
        cmd.ChangePackageAttributes(
            request.BandwidthPackageId, request.BandwidthPackageName, request.ChargeType
        )
    )
    return {}


def _add(control: Controller, request: models.AddBandwidthPackageResources) -> Answer:
    command = cmd.JoinPackage(request.BandwidthPackageId, request.ResourceIds)
    return in_force(control, control.submit(command))


def _remove(control: Controller, request: models.RemoveBandwidthPackageResources) -> Answer:
    command = cmd.LeavePackage(
        request.BandwidthPackageId,
        request.ResourceIds,
        request.InternetChargeType,
        request.InternetMaxBandwidthOut,
    )
    return in_force(control, control.submit(command))


def _describe(control: Controller, request: models.DescribeBandwidthPackages) -> answers.Packages:
    tests = filter_tables.PACKAGES.tests(request.Filters)
    with control.state() as state:
        among = selected(state.packages, request.BandwidthPackageIds)
        found = filters.matching(filters.Seen(state), among, tests)
        shown = [views.package_view(state, package) for package in page(found, request)]
    return {"TotalCount": len(found), "BandwidthPackageSet": shown}


def _describe_members(
    control: Controller, request: models.DescribeBandwidthPackageResources
) -> answers.Resources:
    tests = filter_tables.RESOURCES.tests(request.Filters)
    with control.state() as state:
        members = views.members_view(state, find(state, request.BandwidthPackageId))
        found = filters.matching(filters.Seen(state), members, tests)
    return {"TotalCount": len(found), "ResourceSet": [*page(found, request)]}


def _describe_quota(control: Controller, _: fields.Request) -> answers.Quotas:
    with control.state() as state:
        current = len(state.packages)
    return {"QuotaSet": [views.quota_view("TOTAL_BANDWIDTHPKG_QUOTA", current, PACKAGES_MAX)]}


PACKAGE_ACTIONS: Final[Mapping[str, Action]] = {
    "CreateBandwidthPackage": Action(VPC, models.CreateBandwidthPackage, _create),
    "DeleteBandwidthPackage": Action(VPC, models.DeleteBandwidthPackage, _delete),
    "ModifyBandwidthPackageBandwidth": Action(
        VPC, models.ModifyBandwidthPackageBandwidth, _change_bandwidth
    ),
    "ModifyBandwidthPackageAttribute": Action(
        VPC, models.ModifyBandwidthPackageAttribute, _change_attributes
    ),
    "AddBandwidthPackageResources": Action(VPC, models.AddBandwidthPackageResources, _add),
    "RemoveBandwidthPackageResources": Action(VPC, models.RemoveBandwidthPackageResources, _remove),
    "DescribeBandwidthPackages": Action(VPC, models.DescribeBandwidthPackages, _describe),
    "DescribeBandwidthPackageResources": Action(
        VPC, models.DescribeBandwidthPackageResources, _describe_members
    ),
    "DescribeBandwidthPackageQuota": Action(VPC, fields.Request, _describe_quota),
}

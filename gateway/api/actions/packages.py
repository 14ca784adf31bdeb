"""The actions on bandwidth packages."""

from collections.abc import Mapping
from typing import Final

from gateway.api import views
from gateway.api.action import VPC, Action, Answer
from gateway.api.actions.selection import page
from gateway.api.requests import fields
from gateway.api.requests import packages as models
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.decisions.packages import PACKAGES_MAX, find


def _create(control: Controller, request: models.CreateBandwidthPackage) -> Answer:
    events = control.execute(
        cmd.CreatePackages(
            name=request.BandwidthPackageName,
            bandwidth_mbps=request.InternetMaxBandwidth,
            charge_type=request.ChargeType,
            network_type=request.NetworkType,
            count=request.BandwidthPackageCount,
        )
    )
    ids = [event.package_id for event in events if isinstance(event, ev.PackageCreated)]
    return {"BandwidthPackageId": ids[0], "BandwidthPackageIds": ids}


def _delete(control: Controller, request: models.DeleteBandwidthPackage) -> Answer:
    control.execute(cmd.DeletePackage(request.BandwidthPackageId))
    return {}


def _change_bandwidth(
    control: Controller, request: models.ModifyBandwidthPackageBandwidth
) -> Answer:
    control.execute(
        cmd.ChangePackageBandwidth(request.BandwidthPackageId, request.InternetMaxBandwidth)
    )
    return {}


def _change_attributes(
    control: Controller, request: models.ModifyBandwidthPackageAttribute
) -> Answer:
    control.execute(
        cmd.ChangePackageAttributes(
            request.BandwidthPackageId, request.BandwidthPackageName, request.ChargeType
        )
    )
    return {}


def _add(control: Controller, request: models.AddBandwidthPackageResources) -> Answer:
    control.execute(cmd.JoinPackage(request.BandwidthPackageId, request.ResourceIds))
    return {}


def _remove(control: Controller, request: models.RemoveBandwidthPackageResources) -> Answer:
    control.execute(
        cmd.LeavePackage(
            request.BandwidthPackageId,
            request.ResourceIds,
            request.InternetChargeType,
            request.InternetMaxBandwidthOut,
        )
    )
    return {}


def _describe(control: Controller, request: models.DescribeBandwidthPackages) -> Answer:
    wanted = request.BandwidthPackageIds
    with control.state() as state:
        found = [one for key, one in state.packages.items() if not wanted or key in wanted]
        shown = [views.package_view(state, package) for package in page(found, request)]
    return {"TotalCount": len(found), "BandwidthPackageSet": shown}


def _describe_members(
    control: Controller, request: models.DescribeBandwidthPackageResources
) -> Answer:
    with control.state() as state:
        members = views.members_view(state, find(state, request.BandwidthPackageId))
    return {"TotalCount": len(members), "ResourceSet": page(members, request)}


def _describe_quota(control: Controller, _: fields.Request) -> Answer:
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

"""The actions on bandwidth packages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.api import models, views
from gateway.api.action import Action, Answer
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
        shown = [views.package_view(state, package) for package in _page(found, request)]
    return {"TotalCount": len(found), "BandwidthPackageSet": shown}


def _describe_members(
    control: Controller, request: models.DescribeBandwidthPackageResources
) -> Answer:
    with control.state() as state:
        members = views.members_view(state, find(state, request.BandwidthPackageId))
    return {"TotalCount": len(members), "ResourceSet": _page(members, request)}


def _describe_quota(control: Controller, _: models.Request) -> Answer:
    with control.state() as state:
        current = len(state.packages)
    return {"QuotaSet": [views.quota_view("TOTAL_BANDWIDTHPKG_QUOTA", current, PACKAGES_MAX)]}


def _page(found: Sequence[Any], request: models.Page) -> Sequence[Any]:
    return found[request.Offset : request.Offset + request.Limit]


PACKAGE_ACTIONS: Final[Mapping[str, Action]] = {
    "CreateBandwidthPackage": Action(models.CreateBandwidthPackage, _create),
    "DeleteBandwidthPackage": Action(models.DeleteBandwidthPackage, _delete),
    "ModifyBandwidthPackageBandwidth": Action(
        models.ModifyBandwidthPackageBandwidth, _change_bandwidth
    ),
    "ModifyBandwidthPackageAttribute": Action(
        models.ModifyBandwidthPackageAttribute, _change_attributes
    ),
    "AddBandwidthPackageResources": Action(models.AddBandwidthPackageResources, _add),
    "RemoveBandwidthPackageResources": Action(models.RemoveBandwidthPackageResources, _remove),
    "DescribeBandwidthPackages": Action(models.DescribeBandwidthPackages, _describe),
    "DescribeBandwidthPackageResources": Action(
        models.DescribeBandwidthPackageResources, _describe_members
    ),
    "DescribeBandwidthPackageQuota": Action(models.Request, _describe_quota),
}

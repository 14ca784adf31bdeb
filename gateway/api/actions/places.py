"""The actions on where things are: one region with one zone, one VPC and one subnet."""

from collections.abc import Collection, Mapping
from typing import Final

from gateway.api import answers, filter_tables, filters
from gateway.api.action import CVM, VPC, Action
from gateway.api.actions.selection import page
from gateway.api.place_views import REGION_VIEW, ZONE_VIEW, subnet_view, vpc_view
from gateway.api.requests import fields
from gateway.api.requests import places as models
from gateway.api.wire import ApiError
from gateway.control.controller import Controller
from gateway.control.place import SUBNET_ID, VPC_ID


def _describe_regions(_control: Controller, _request: fields.Request) -> answers.Regions:
    return {"TotalCount": 1, "RegionSet": [REGION_VIEW]}


def _describe_zones(_control: Controller, _request: fields.Request) -> answers.Zones:
    return {"TotalCount": 1, "ZoneSet": [ZONE_VIEW]}


def _describe_vpcs(control: Controller, request: models.DescribeVpcs) -> answers.Vpcs:
    _check_known(request.VpcIds, VPC_ID)
    tests = filter_tables.VPCS.tests(request.Filters)
    with control.state() as state:
        found = filters.matching(filters.Seen(state), [vpc_view(state)], tests)
    return {"TotalCount": len(found), "VpcSet": [*page(found, request)]}


def _describe_subnets(control: Controller, request: models.DescribeSubnets) -> answers.Subnets:
    _check_known(request.SubnetIds, SUBNET_ID)
    tests = filter_tables.SUBNETS.tests(request.Filters)
    with control.state() as state:
        found = filters.matching(filters.Seen(state), [subnet_view(state)], tests)
    return {"TotalCount": len(found), "SubnetSet": [*page(found, request)]}


def _check_known(ids: Collection[str], only: str) -> None:
    """These actions refuse an id that isn't there, unlike those on instances and addresses."""
    unknown = [one for one in ids if one != only]
    if unknown:
        raise ApiError("ResourceNotFound", f"there is no {unknown[0]}: here is only {only}")


PLACE_ACTIONS: Final[Mapping[str, Action]] = {
    "DescribeRegions": Action(CVM, fields.Request, _describe_regions, regional=False),
    "DescribeZones": Action(CVM, fields.Request, _describe_zones),
    "DescribeVpcs": Action(VPC, models.DescribeVpcs, _describe_vpcs),
    "DescribeSubnets": Action(VPC, models.DescribeSubnets, _describe_subnets),
}

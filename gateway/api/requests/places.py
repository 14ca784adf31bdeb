"""Requests about where things are: the VPC and its subnet (service vpc)."""

from typing import Annotated, ClassVar

from gateway.api.requests import ids
from gateway.api.requests.fields import (
    AT_ONCE_MAX,
    Between,
    FilterList,
    Page,
    Refused,
    WholeText,
)


class _TextPage(Page):
    either_code: ClassVar[str] = "InvalidParameter.Coexist"

    Offset: Annotated[WholeText, Between(0)] = 0
    Limit: Annotated[WholeText, Between(1, AT_ONCE_MAX)] = 20


class DescribeVpcs(_TextPage):
    """List the VPC."""

    either: ClassVar[tuple[str, ...]] = ("VpcIds", "Filters")

    VpcIds: ids.VpcIds = ()
    Filters: FilterList = ()


class DescribeSubnets(_TextPage):
    """List the subnet."""

    either: ClassVar[tuple[str, ...]] = ("SubnetIds", "Filters")

    SubnetIds: ids.SubnetIds = ()
    Filters: FilterList = ()
    MaxResults: Refused = None
    NextToken: Refused = None

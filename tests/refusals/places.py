"""The codes of actions on places and what is sold there, and how to get them."""

from refusals.common import of_network
from refusals.situations import Rows, filtered, plain

ROWS: dict[str, Rows] = {
    "DescribeVpcs": of_network("VpcIds", "vpc", "vpc-tgw00001"),
    "DescribeSubnets": of_network("SubnetIds", "subnet", "subnet-tgw00001"),
    "DescribeInstanceTypeConfigs": {
        "InvalidFilter": plain(**filtered("colour", "red")),
        "InvalidFilterValue.LimitExceeded": plain(**filtered("zone", "a", "b")),
    },
    "DescribeZoneInstanceConfigInfos": {
        "InvalidFilter": plain(**filtered("colour", "red")),
        "InvalidFilterValue.LimitExceeded": plain(**filtered("zone", *map(str, range(101)))),
    },
}

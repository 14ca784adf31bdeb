"""The codes of actions on the private network, and how to get them."""

from refusals.common import of_network
from refusals.situations import Rows

ROWS: dict[str, Rows] = {
    "DescribeVpcs": of_network("VpcIds", "vpc", "vpc-tgw00001"),
    "DescribeSubnets": of_network("SubnetIds", "subnet", "subnet-tgw00001"),
}

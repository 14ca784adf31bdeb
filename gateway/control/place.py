"""Where everything is: one zone with one VPC and one subnet, called as the cloud would."""

from typing import Final

REGION: Final = "ap-guangzhou"
ZONE: Final = "ap-guangzhou-3"
VPC_ID: Final = "vpc-tgw00001"
SUBNET_ID: Final = "subnet-tgw00001"
REGION_CODE: Final = "gz"  # as the cloud called them at first
ZONE_CODE: Final = "100003"
APP_ID: Final = "1250000000"
UIN: Final = "100000000001"  # the account, where people and roles are named

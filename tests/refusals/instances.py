"""The codes of actions on instances, and how to get them."""

from refusals.common import written
from refusals.situations import (
    MANY,
    MBPS,
    NO_BWP,
    NO_INS,
    TWICE,
    Rows,
    V,
    again,
    empty_pool,
    filtered,
    full,
    going,
    ids,
    in_package,
    internet,
    many_private,
    moved,
    network,
    on,
    package,
    plain,
    protected,
    stopped,
    tagged,
    two_kinds,
)
from support.world import World

from gateway.control.place import ZONE
from gateway.control.values import DEFAULT_IMAGE

ROWS: dict[str, Rows] = {
    "RunInstances": {
        f"{V}.Range": plain(**internet(InternetMaxBandwidthOut=101)),
        "InvalidInstanceName.TooLong": plain(InstanceName="x" * 129),
        "InvalidClientToken.TooLong": plain(ClientToken="x" * 65),
        "InvalidParameter.ParameterConflict": again("RunInstances", "InstanceCount"),
        f"{V}.BandwidthPackageIdMalformed": plain(**internet(BandwidthPackageId="bwp-x")),
        f"{V}.BandwidthPackageIdNotFound": plain(
            **internet(**in_package(NO_BWP), InternetMaxBandwidthOut=5)
        ),
        "InvalidParameterCombination": moved(package, lambda one: internet(**in_package(one))),
        "LimitExceeded.BandwidthPackageResourceQuota": moved(
            full, lambda one: internet(**in_package(one), InternetMaxBandwidthOut=5)
        ),
        "ResourcesSoldOut.EipInsufficient": moved(empty_pool, lambda _: MBPS),
        "FailedOperation.NoAvailableIpAddressCountInSubnet": many_private,
        f"{V}.DuplicateTags": plain(**tagged(TWICE)),
        f"{V}.TagQuotaLimitExceeded": plain(**tagged(MANY)),
        f"{V}.ZoneNotSupported": plain(Placement={"Zone": "ap-guangzhou-4"}),
        "InvalidZone.MismatchRegion": plain(Placement={"Zone": "eu-frankfurt-1"}),
        "InvalidImageId.Malformed": plain(ImageId="debian"),
        f"{V}.InstanceTypeNotFound": plain(InstanceType="S5.HUGE"),
        f"{V}.VpcIdMalformed": plain(**network(VpcId="x")),
        f"{V}.VpcIdNotExist": plain(**network(VpcId="vpc-00000000")),
        f"{V}.SubnetIdMalformed": plain(**network(SubnetId="x")),
        f"{V}.SubnetNotExist": plain(**network(SubnetId="subnet-00000000")),
        f"{V}.IPAddressMalformed": plain(**network(PrivateIpAddresses=["10.0.0"])),
        "VpcAddrNotInSubNet": plain(**network(PrivateIpAddresses=["10.9.0.1"])),
        "VpcIpIsUsed": plain(**network(PrivateIpAddresses=["10.0.0.1"])),
        f"{V}.InvalidParameterMinCount": plain(MinCount=2),
        f"{V}.InvalidUserDataFormat": plain(UserData="hello"),
        f"{V}.IllegalHostName": plain(HostName="-"),
        f"{V}.CamRoleNameMalformed": plain(CamRoleName="a b"),
        f"{V}.LimitExceeded": plain(DataDisks=[{"DiskSize": 10}] * 2),
        "UnsupportedOperation.InvalidDisk": plain(
            DataDisks=[{"DiskSize": 10, "ThroughputPerformance": 9}]
        ),
        "InvalidParameter.SnapshotNotFound": plain(
            DataDisks=[{"DiskSize": 10, "SnapshotId": "snap-12345678"}]
        ),
        f"{V}.KeyPairNotFound": plain(LoginSettings={"KeyIds": ["mine"]}),
        "InvalidPassword": plain(LoginSettings={"Password": "12345678"}),
        "InvalidSecurityGroupId.NotFound": plain(SecurityGroupIds=["web"]),
        "LimitExceeded.SingleUSGQuota": plain(SecurityGroupIds=ids(6, "sg")),
        "InvalidProjectId.NotFound": plain(Placement={"Zone": ZONE, "ProjectId": 1}),
        "InvalidHostId.NotFound": plain(Placement={"Zone": ZONE, "HostIds": ["host-1"]}),
        f"{V}.VpcNotSupportIpv6Address": plain(**network(Ipv6AddressCount=1)),
        f"{V}.LaunchTemplateNotFound": plain(LaunchTemplate={"LaunchTemplateId": "lt-1"}),
        "ResourceNotFound.HpcCluster": plain(HpcClusterId="hpc-1"),
        f"{V}.ChcHostsNotFound": plain(ChcIds=["chc-1"]),
        "FailedOperation.DisasterRecoverGroupNotFound": plain(DisasterRecoverGroupIds=["ps-1"]),
    },
    "DescribeInstances": {
        "InvalidFilter": plain(**filtered("colour", "red")),
        "InvalidFilterValue.LimitExceeded": plain(**filtered("zone", *"abcdef")),
        f"{V}.InstanceIdMalformed": plain(InstanceIds=["x"]),
        f"{V}.VpcIdMalformed": plain(**filtered("vpc-id", "x")),
        f"{V}.SubnetIdMalformed": plain(**filtered("subnet-id", "x")),
        "InvalidSgId.Malformed": plain(**filtered("security-group-id", "x")),
        f"{V}.IPAddressMalformed": plain(**filtered("public-ip-address", "x")),
        f"{V}.LimitExceeded": plain(Limit=101),
    },
    "DescribeImages": {
        "InvalidFilter": plain(**filtered("colour", "red")),
        "InvalidFilterValue.LimitExceeded": plain(**filtered("platform", *"abcdef")),
        "InvalidImageId.Malformed": plain(ImageIds=["x"]),
        "InvalidParameter.InvalidParameterCoexistImageIdsFilters": plain(
            ImageIds=[DEFAULT_IMAGE], **filtered("platform", "Linux")
        ),
        f"{V}.LimitExceeded": plain(Limit=101),
    },
    "DescribeInstancesStatus": {
        f"{V}.InstanceIdMalformed": plain(InstanceIds=["x"]),
        f"{V}.LimitExceeded": plain(InstanceIds=ids(101)),
    },
    "StartInstances": written(lambda world: world.run()),
    "StopInstances": written(stopped)
    | {"InvalidParameterCombination": on(NO_INS, ForceStop=True, StopType="HARD")},
    "RebootInstances": written(stopped),
    "TerminateInstances": written(going)
    | {"UnsupportedOperation.InstancesProtected": on(protected)},
    "ResetInstancesInternetMaxBandwidth": written(going, **MBPS)
    | {
        f"{V}.Range": on(lambda world: world.run(), **internet(InternetMaxBandwidthOut=101)),
        "FailedOperation.NotFoundEIP": on(lambda world: world.run(bandwidth_mbps=0), **MBPS),
        "UnsupportedOperation.InstanceChargeType": two_kinds,
    },
    "ModifyInstancesAttribute": written(None, InstanceName="x")
    | {
        "InvalidInstanceName.TooLong": on(World.run, InstanceName="x" * 129),
        "InvalidParameterCombination": on(World.run, InstanceName="x", HostName="x"),
        f"{V}.InvalidUserDataFormat": on(World.run, UserData="hello"),
        f"{V}.IllegalHostName": on(World.run, HostName="-"),
        f"{V}.CamRoleNameMalformed": on(World.run, CamRoleName="a b"),
        "InvalidSecurityGroupId.NotFound": on(World.run, SecurityGroups=["web"]),
        "LimitExceeded.SingleUSGQuota": on(World.run, SecurityGroups=ids(6, "sg")),
    },
}

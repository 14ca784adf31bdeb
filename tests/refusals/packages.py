"""The codes of actions on bandwidth packages, and how to get them."""

from refusals.common import of_members, of_package, of_tags
from refusals.situations import (
    NO_BWP,
    PREPAID,
    Rows,
    V,
    filtered,
    full,
    member,
    moved,
    package,
    paid_for,
    plain,
)

ROWS: dict[str, Rows] = {
    "CreateBandwidthPackage": {
        "LimitExceeded.BandwidthPackageQuota": moved(
            lambda world: package(world, BandwidthPackageCount=20), lambda _: {}
        ),
        f"{V}.Range": plain(BandwidthPackageCount=21),
        f"{V}.TooLong": plain(BandwidthPackageName="x" * 129),
        **of_tags(),
    },
    "AddBandwidthPackageResources": of_members()
    | {
        f"{V}.ResourceAlreadyExisted": moved(
            member, lambda both: {"BandwidthPackageId": both[0], "ResourceIds": [both[1]]}
        ),
        "LimitExceeded.BandwidthPackageResourceQuota": lambda world: {
            "BandwidthPackageId": full(world),
            "ResourceIds": [world.allocate()],
        },
        "UnsupportedOperation.InvalidResourceInternetChargeType": lambda world: {
            "BandwidthPackageId": package(world),
            "ResourceIds": [paid_for(world)],
        },
    },
    "RemoveBandwidthPackageResources": of_members()
    | {
        f"{V}.ResourceNotExisted": lambda world: {
            "BandwidthPackageId": package(world),
            "ResourceIds": [world.allocate()],
        },
        f"{V}.Range": moved(
            member,
            lambda both: {
                "BandwidthPackageId": both[0],
                "ResourceIds": [both[1]],
                "InternetMaxBandwidthOut": 101,
            },
        ),
        "UnsupportedOperation.InvalidResourceInternetChargeType": moved(
            member,
            lambda both: {
                "BandwidthPackageId": both[0],
                "ResourceIds": [both[1]],
                "InternetChargeType": PREPAID,
            },
        ),
    },
    "DeleteBandwidthPackage": of_package()
    | {
        f"{V}.BandwidthPackageInUse": moved(member, lambda both: {"BandwidthPackageId": both[0]}),
    },
    "DescribeBandwidthPackages": {
        f"{V}.BandwidthPackageIdMalformed": plain(BandwidthPackageIds=["x"]),
        "InvalidParameter.InvalidFilter": plain(**filtered("colour", "red")),
        f"{V}.LimitExceeded": plain(Limit=101),
    },
    "DescribeBandwidthPackageResources": of_package()
    | {
        f"{V}.Illegal": plain(BandwidthPackageId=NO_BWP, **filtered("resource-id", *"abcdef")),
        "InvalidParameter.InvalidFilter": plain(
            BandwidthPackageId=NO_BWP, **filtered("colour", "red")
        ),
        f"{V}.LimitExceeded": plain(BandwidthPackageId=NO_BWP, Limit=101),
    },
    "ModifyBandwidthPackageBandwidth": of_package(InternetMaxBandwidth=5)
    | {
        f"{V}.Range": lambda world: {
            "BandwidthPackageId": package(world),
            "InternetMaxBandwidth": 0,
        },
    },
    "ModifyBandwidthPackageAttribute": of_package(BandwidthPackageName="x")
    | {
        f"{V}.TooLong": lambda world: {
            "BandwidthPackageId": package(world),
            "BandwidthPackageName": "x" * 129,
        },
        f"{V}.InvalidBandwidthPackageChargeType": plain(
            BandwidthPackageId=NO_BWP, ChargeType="FREE"
        ),
    },
}

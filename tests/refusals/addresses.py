"""The codes of actions on addresses, and how to get them."""

from refusals.common import of_address, of_addresses, of_tags
from refusals.situations import (
    NO_BWP,
    NO_EIP,
    NO_EIPS,
    NO_INS,
    NONE_TODAY,
    Rows,
    V,
    adjust_without,
    again,
    bind_beside_ordinary,
    bind_bound,
    bind_to_blocked,
    blocked_eip,
    blocked_ordinary,
    bound,
    empty_pool,
    exchanged,
    expired,
    failed,
    filtered,
    full,
    in_package,
    member,
    moved,
    mutex_address,
    none_free_to_exchange,
    nothing_free_for,
    ordinary_id,
    package,
    paid_for,
    plain,
    prepaid_instance,
    reassigned,
    returned_before,
    run_with,
    standard,
    switched,
    unbind_at_work,
    working,
)
from support.world import World

CHARGE = {"InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR", "InternetMaxBandwidthOut": 5}
MONTH = {"AddressChargePrepaid": {"Period": 1}}
NEVER = {"RenewFlag": "DISABLE_NOTIFY_AND_MANUAL_RENEW"}
ROWS: dict[str, Rows] = {
    "AllocateAddresses": {
        "AddressQuotaLimitExceeded": moved(lambda world: run_with(world, NO_EIPS), lambda _: {}),
        "AddressQuotaLimitExceeded.DailyAllocate": moved(
            lambda world: run_with(world, NONE_TODAY), lambda _: {}
        ),
        f"{V}.BandwidthTooSmall": plain(InternetMaxBandwidthOut=0),
        f"{V}.BandwidthOutOfRange": plain(InternetMaxBandwidthOut=101),
        f"{V}.BandwidthPackageIdMalformed": plain(BandwidthPackageId="x"),
        f"{V}.BandwidthPackageNotFound": plain(**in_package(NO_BWP)),
        **of_tags(),
        f"{V}.Range": plain(AddressCount=0),
        f"{V}.TooLong": plain(AddressName="x" * 129),
        f"{V}.Combination": moved(package, lambda one: {"BandwidthPackageId": one}),
        "LimitExceeded.BandwidthPackageResourceQuota": moved(full, in_package),
        "InvalidParameterConflict": again("AllocateAddresses", "AddressCount"),
        "ResourceInsufficient": moved(empty_pool, lambda _: {}),
    },
    "RenewAddresses": {
        f"{V}.AddressIdMalformed": plain(AddressIds=["x"], **MONTH),
        "InvalidAddressId.NotFound": plain(AddressIds=[NO_EIP], **MONTH),
        "UnsupportedOperation.InvalidAddressInternetChargeType": lambda world: {
            "AddressIds": [world.allocate()],
            **MONTH,
        },
    },
    "ModifyAddressesRenewFlag": {
        f"{V}.AddressIdMalformed": plain(AddressIds=["x"], **NEVER),
        f"{V}.AddressNotFound": plain(AddressIds=[NO_EIP], **NEVER),
        f"{V}.ResourceNotSupport": lambda world: {"AddressIds": [world.allocate()], **NEVER},
    },
    "AssociateAddress": {
        **of_address(InstanceId=NO_INS),
        f"{V}.InstanceIdMalformed": plain(AddressId=NO_EIP, InstanceId="web"),
        "InvalidInstanceId.NotFound": moved(
            World.allocate, lambda one: {"AddressId": one, "InstanceId": NO_INS}
        ),
        f"{V}.NetworkInterfaceIdMalformed": plain(
            AddressId=NO_EIP, NetworkInterfaceId="x", PrivateIpAddress="10.0.0.2"
        ),
        f"{V}.MissingAssociateEntity": plain(AddressId=NO_EIP),
        f"{V}.Combination": plain(AddressId=NO_EIP, NetworkInterfaceId="eni-00000000"),
        f"{V}.InstanceHasWanIP": bind_beside_ordinary,
        f"{V}.ResourceNotSupport": lambda world: {
            "AddressId": ordinary_id(world),
            "InstanceId": world.run(),
        },
        "InvalidParameterConflict": plain(
            AddressId=NO_EIP, InstanceId=NO_INS, PrivateIpAddress="10.0.0.2"
        ),
        "InvalidNetworkInterfaceId.NotFound": plain(
            AddressId=NO_EIP, NetworkInterfaceId="eni-00000000", PrivateIpAddress="10.0.0.2"
        ),
        "InvalidInstanceId.AlreadyBindEip": lambda world: {
            "AddressId": world.allocate(),
            "InstanceId": bound(world)[1],
        },
        "UnsupportedOperation.AddressStatusNotPermit": bind_bound,
        "InvalidAddressId.Blocked": lambda world: {
            "AddressId": blocked_eip(world),
            "InstanceId": world.run(),
        },
        "OperationDenied.AddressInArrears": lambda world: {
            "AddressId": expired(world),
            "InstanceId": world.run(),
        },
        f"{V}.InstanceNormalPublicIpBlocked": bind_to_blocked,
        "UnsupportedOperation.InstanceStateNotSupported": lambda world: {
            "InstanceId": failed(world),
            "AddressId": world.allocate(),
        },
        "OperationDenied.MutexTaskRunning": lambda world: {
            "AddressId": world.allocate(),
            "InstanceId": working(world),
        },
    },
    "DisassociateAddress": {
        **of_address(),
        "InvalidAddressIdStatus.NotPermit": moved(ordinary_id, lambda one: {"AddressId": one}),
        "UnsupportedOperation.AddressStatusNotPermit": moved(
            World.allocate, lambda one: {"AddressId": one}
        ),
        "AddressQuotaLimitExceeded.DailyAllocate": reassigned,
        "ResourceInsufficient": nothing_free_for,
        "InvalidAddressId.Blocked": moved(blocked_eip, lambda one: {"AddressId": one}),
        "OperationDenied.MutexTaskRunning": unbind_at_work,
    },
    "ReleaseAddresses": of_addresses()
    | {
        "UnsupportedOperation.AddressStatusNotPermit": lambda world: {
            "AddressIds": [bound(world)[0]]
        },
        f"{V}.AddressInternetChargeTypeConflict": lambda world: {"AddressIds": [paid_for(world)]},
    },
    "DescribeAddresses": {
        "InvalidParameter.InvalidFilter": plain(**filtered("colour", "red")),
        "LimitExceeded.NumberOfFilters": plain(Filters=[{"Name": "tag-key", "Values": ["x"]}] * 11),
        f"{V}.AddressIdMalformed": plain(AddressIds=["x"]),
        f"{V}.NetworkInterfaceIdMalformed": plain(**filtered("network-interface-id", "x")),
        f"{V}.LimitExceeded": plain(Limit=101),
    },
    "ModifyAddressesBandwidth": of_addresses(InternetMaxBandwidthOut=5)
    | {
        f"{V}.BandwidthTooSmall": lambda world: {
            "AddressIds": [world.allocate()],
            "InternetMaxBandwidthOut": 0,
        },
        f"{V}.BandwidthOutOfRange": lambda world: {
            "AddressIds": [world.allocate()],
            "InternetMaxBandwidthOut": 101,
        },
        f"{V}.ResourceExpired": lambda world: {
            "AddressIds": [expired(world)],
            "InternetMaxBandwidthOut": 5,
        },
    },
    "ModifyAddressAttribute": of_address(EipDirectConnection="FALSE")
    | {
        f"{V}.TooLong": lambda world: {"AddressId": world.allocate(), "AddressName": "x" * 129},
        "UnsupportedOperation.ModifyAddressAttribute": lambda world: {
            "AddressId": world.allocate(),
            "EipDirectConnection": "TRUE",
        },
    },
    "ModifyAddressInternetChargeType": of_address(**CHARGE)
    | {
        f"{V}.Range": lambda world: {
            "AddressId": world.allocate(),
            **CHARGE,
            "InternetMaxBandwidthOut": 101,
        },
        f"{V}.InternetChargeTypeNotChanged": lambda world: {
            "AddressId": world.allocate(),
            **CHARGE,
            "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
        },
        "LimitExceeded.ModifyAddressInternetChargeTypeQuota": switched,
        "UnsupportedOperation.InvalidAddressInternetChargeType": lambda world: {
            "AddressId": member(world)[1],
            **CHARGE,
        },
        "OperationDenied.AddressInArrears": lambda world: {"AddressId": expired(world), **CHARGE},
    },
    "TransformAddress": {
        f"{V}.InstanceIdMalformed": plain(InstanceId="x"),
        "InvalidInstanceId.NotFound": plain(InstanceId=NO_INS),
        "InvalidInstanceId.AlreadyBindEip": lambda world: {"InstanceId": bound(world)[1]},
        f"{V}.InstanceHasNoWanIP": lambda world: {"InstanceId": world.run(bandwidth_mbps=0)},
        f"{V}.InvalidInstanceState": moved(failed, lambda one: {"InstanceId": one}),
        "AddressQuotaLimitExceeded": moved(
            lambda world: run_with(world, NO_EIPS), lambda one: {"InstanceId": one}
        ),
        "AddressQuotaLimitExceeded.DailyAllocate": moved(
            lambda world: run_with(world, NONE_TODAY), lambda one: {"InstanceId": one}
        ),
        "UnsupportedOperation.InvalidAddressInternetChargeType": moved(
            prepaid_instance, lambda one: {"InstanceId": one}
        ),
        "InvalidAddressId.Blocked": moved(blocked_ordinary, lambda one: {"InstanceId": one}),
        "OperationDenied.MutexTaskRunning": moved(working, lambda one: {"InstanceId": one}),
    },
    "AdjustPublicAddress": {
        f"{V}.InstanceIdMalformed": plain(InstanceId="x"),
        f"{V}.AddressIdMalformed": plain(AddressId="x"),
        f"{V}.Combination": plain(InstanceId=NO_INS, AddressId=NO_EIP),
        "InvalidInstanceId.NotFound": moved(standard, lambda _: {"InstanceId": NO_INS}),
        f"{V}.AddressNotFound": plain(AddressId=NO_EIP),
        f"{V}.ResourceNotSupport": moved(ordinary_id, lambda one: {"AddressId": one}),
        f"{V}.InstanceHasNoWanIP": adjust_without,
        "UnsupportedOperation.InvalidAddressInternetChargeType": moved(
            World.allocate, lambda one: {"AddressId": one}
        ),
        "LimitExceeded.ChangeAddressQuota": lambda world: {"InstanceId": exchanged(world, 1)[0]},
        "LimitExceeded.DailyChangeAddressQuota": lambda world: {
            "InstanceId": exchanged(world, 3)[3]
        },
        "ResourceInsufficient": none_free_to_exchange,
        "InvalidAddressId.Blocked": moved(blocked_ordinary, lambda one: {"InstanceId": one}),
        "OperationDenied.MutexTaskRunning": returned_before,
    },
    "ReturnNormalAddresses": {
        f"{V}.AddressIpsNotFound": plain(AddressIps=["203.0.113.9"]),
        f"{V}.Illegal": plain(AddressIps=["eip-00000000"]),
        f"{V}.LimitExceeded": plain(AddressIps=["203.0.113.9"] * 101),
        "InvalidAddressId.Blocked": lambda world: {
            "AddressIps": [world.public(blocked_ordinary(world))]
        },
        "OperationDenied.MutexTaskRunning": mutex_address,
    },
}

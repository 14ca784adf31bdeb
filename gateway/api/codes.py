"""The error codes that each action can answer with, beside those of every action: for documents.

`InstanceState*` stands for the codes of every state that doesn't permit the action.
"""

from collections.abc import Mapping
from typing import Final

_VALUE: Final = "InvalidParameterValue"
_LIMIT: Final = f"{_VALUE}.LimitExceeded"
_MUTEX: Final = "OperationDenied.MutexTaskRunning"
_STATE: Final = "UnsupportedOperation.InstanceState*"
_WRITTEN: Final = ("InvalidInstanceId.Malformed", "InvalidInstanceId.NotFound", _LIMIT)
_ADDRESS: Final = (f"{_VALUE}.AddressIdMalformed", "InvalidAddressId.NotFound")
_INSTANCE: Final = (f"{_VALUE}.InstanceIdMalformed", "InvalidInstanceId.NotFound")
_PACKAGE: Final = (
    f"{_VALUE}.BandwidthPackageIdMalformed",
    f"{_VALUE}.BandwidthPackageNotFound",
)
_ATTRIBUTES: Final = (
    f"{_VALUE}.InvalidUserDataFormat",
    f"{_VALUE}.IllegalHostName",
    f"{_VALUE}.CamRoleNameMalformed",
)
_QUOTA: Final = ("AddressQuotaLimitExceeded", "AddressQuotaLimitExceeded.DailyAllocate")
_BANDWIDTH: Final = (f"{_VALUE}.BandwidthTooSmall", f"{_VALUE}.BandwidthOutOfRange")
_BLOCKED: Final = "InvalidAddressId.Blocked"
_TAGS: Final = (f"{_VALUE}.InvalidTag", f"{_VALUE}.TagDuplicateKey", "LimitExceeded.TagQuota")
_PACKAGE_FULL: Final = "LimitExceeded.BandwidthPackageResourceQuota"
_NO_FILTER: Final = "InvalidParameter.InvalidFilter"
_CHARGE_TYPE: Final = "UnsupportedOperation.InvalidAddressInternetChargeType"
_NOT_BOUND: Final = "UnsupportedOperation.AddressStatusNotPermit"
_MEMBER_PAYS: Final = "UnsupportedOperation.InvalidResourceInternetChargeType"
_PRIVATE_NETWORK: Final = (
    f"{_VALUE}.Malformed",
    "ResourceNotFound",
    "InvalidParameter.Coexist",
    "InvalidParameter.FilterInvalidKey",
    _LIMIT,
)

EVERYWHERE: Final[Mapping[str, str]] = {
    "MissingParameter": "a parameter that is needed, or a common one, is missing",
    "UnknownParameter": "the action has no such parameter",
    "UnknownParameter.WithGuess": "nor has it this one, but one that is called nearly so",
    "InvalidParameter": "a parameter is of the wrong type, or the request isn't well formed",
    "InvalidParameterValue": "a value can't be had here",
    "UnsupportedOperation": "a parameter that is refused here, or what the account doesn't know",
    "InvalidAction": "there is no such action of that service and version",
    "NoSuchVersion": "there is no such version",
    "UnsupportedRegion": "there is one region here",
    "UnsupportedProtocol": "the method is neither GET nor POST",
    "RequestLimitExceeded": "the action was called too often",
    "RequestSizeLimitExceeded": "the request is too large",
    "AuthFailure.InvalidAuthorization": "the header Authorization isn't of its form",
    "AuthFailure.SecretIdNotFound": "nobody has this SecretId, or it is disabled",
    "AuthFailure.SignatureExpire": "it was signed too long ago, or will be",
    "AuthFailure.SignatureFailure": "it wasn't signed with this SecretId's key",
    "AuthFailure.TokenFailure": "the token isn't of this SecretId",
    "InternalError": "the gateway failed: what was asked for may have been recorded",
}

CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "RunInstances": (
        f"{_VALUE}.Range",
        "InvalidInstanceName.TooLong",
        "InvalidClientToken.TooLong",
        "InvalidParameterConflict",
        f"{_VALUE}.BandwidthPackageIdMalformed",
        f"{_VALUE}.BandwidthPackageIdNotFound",
        "InvalidParameterCombination",
        _PACKAGE_FULL,
        "ResourcesSoldOut.EipInsufficient",
        "FailedOperation.NoAvailableIpAddressCountInSubnet",
        f"{_VALUE}.DuplicateTags",
        f"{_VALUE}.TagQuotaLimitExceeded",
        f"{_VALUE}.ZoneNotSupported",
        "InvalidZone.MismatchRegion",
        "InvalidImageId.Malformed",
        f"{_VALUE}.InstanceTypeNotFound",
        f"{_VALUE}.VpcIdMalformed",
        f"{_VALUE}.VpcIdNotExist",
        f"{_VALUE}.SubnetIdMalformed",
        f"{_VALUE}.SubnetNotExist",
        f"{_VALUE}.IPAddressMalformed",
        "VpcAddrNotInSubNet",
        "VpcIpIsUsed",
        f"{_VALUE}.InvalidParameterMinCount",
        *_ATTRIBUTES,
    ),
    "DescribeInstances": (
        "InvalidFilter",
        "InvalidFilterValue.LimitExceeded",
        f"{_VALUE}.InstanceIdMalformed",
        f"{_VALUE}.VpcIdMalformed",
        f"{_VALUE}.SubnetIdMalformed",
        "InvalidSgId.Malformed",
        f"{_VALUE}.IPAddressMalformed",
        _LIMIT,
    ),
    "DescribeInstancesStatus": (f"{_VALUE}.InstanceIdMalformed", _LIMIT),
    "StartInstances": (*_WRITTEN, _STATE),
    "StopInstances": (*_WRITTEN, _STATE, "InvalidParameterCombination"),
    "RebootInstances": (*_WRITTEN, _STATE),
    "TerminateInstances": (*_WRITTEN, _STATE, "UnsupportedOperation.InstancesProtected"),
    "ResetInstancesInternetMaxBandwidth": (
        *_WRITTEN,
        _STATE,
        f"{_VALUE}.Range",
        "FailedOperation.NotFoundEIP",
        "UnsupportedOperation.InstanceChargeType",
    ),
    "ModifyInstancesAttribute": (
        *_WRITTEN,
        "InvalidInstanceName.TooLong",
        "InvalidParameterCombination",
        *_ATTRIBUTES,
    ),
    "AllocateAddresses": (
        *_QUOTA,
        *_BANDWIDTH,
        *_PACKAGE,
        *_TAGS,
        f"{_VALUE}.Range",
        f"{_VALUE}.TooLong",
        f"{_VALUE}.Combination",
        _PACKAGE_FULL,
        "InvalidParameterConflict",
        "ResourceInsufficient",
    ),
    "AssociateAddress": (
        *_ADDRESS,
        *_INSTANCE,
        f"{_VALUE}.NetworkInterfaceIdMalformed",
        f"{_VALUE}.MissingAssociateEntity",
        f"{_VALUE}.Combination",
        f"{_VALUE}.InstanceHasWanIP",
        f"{_VALUE}.ResourceNotSupport",
        "InvalidParameterConflict",
        "InvalidNetworkInterfaceId.NotFound",
        "InvalidInstanceId.AlreadyBindEip",
        _NOT_BOUND,
        "UnsupportedOperation.InstanceStateNotSupported",
        _BLOCKED,
        f"{_VALUE}.InstanceNormalPublicIpBlocked",
        _MUTEX,
    ),
    "DisassociateAddress": (
        *_ADDRESS,
        "InvalidAddressIdStatus.NotPermit",
        _NOT_BOUND,
        "AddressQuotaLimitExceeded.DailyAllocate",
        "ResourceInsufficient",
        _BLOCKED,
        _MUTEX,
    ),
    "ReleaseAddresses": (*_ADDRESS, f"{_VALUE}.AddressTypeConflict", _NOT_BOUND, _LIMIT),
    "DescribeAddresses": (
        _NO_FILTER,
        "LimitExceeded.NumberOfFilters",
        f"{_VALUE}.AddressIdMalformed",
        f"{_VALUE}.NetworkInterfaceIdMalformed",
        _LIMIT,
    ),
    "ModifyAddressesBandwidth": (
        *_ADDRESS,
        f"{_VALUE}.AddressTypeConflict",
        *_BANDWIDTH,
        _LIMIT,
    ),
    "ModifyAddressAttribute": (
        *_ADDRESS,
        f"{_VALUE}.TooLong",
        "UnsupportedOperation.ModifyAddressAttribute",
    ),
    "ModifyAddressInternetChargeType": (
        *_ADDRESS,
        f"{_VALUE}.Range",
        f"{_VALUE}.InternetChargeTypeNotChanged",
        "LimitExceeded.ModifyAddressInternetChargeTypeQuota",
        _CHARGE_TYPE,
    ),
    "TransformAddress": (
        *_INSTANCE,
        "InvalidInstanceId.AlreadyBindEip",
        f"{_VALUE}.InstanceHasNoWanIP",
        f"{_VALUE}.InvalidInstanceState",
        *_QUOTA,
        _CHARGE_TYPE,
        _BLOCKED,
        _MUTEX,
    ),
    "AdjustPublicAddress": (
        *_INSTANCE,
        *_ADDRESS,
        f"{_VALUE}.Combination",
        f"{_VALUE}.AddressTypeConflict",
        f"{_VALUE}.InstanceHasNoWanIP",
        _CHARGE_TYPE,
        "LimitExceeded.ChangeAddressQuota",
        "LimitExceeded.DailyChangeAddressQuota",
        "ResourceInsufficient",
        _BLOCKED,
        _MUTEX,
    ),
    "ReturnNormalAddresses": (
        f"{_VALUE}.AddressIpsNotFound",
        f"{_VALUE}.Illegal",
        _LIMIT,
        _BLOCKED,
        _MUTEX,
    ),
    "CreateBandwidthPackage": (
        "LimitExceeded.BandwidthPackageQuota",
        f"{_VALUE}.Range",
        f"{_VALUE}.TooLong",
        *_TAGS,
    ),
    "AddBandwidthPackageResources": (
        *_PACKAGE,
        f"{_VALUE}.ResourceIdMalformed",
        f"{_VALUE}.ResourceNotFound",
        f"{_VALUE}.ResourceAlreadyExisted",
        _PACKAGE_FULL,
        _MEMBER_PAYS,
        _LIMIT,
    ),
    "RemoveBandwidthPackageResources": (
        *_PACKAGE,
        f"{_VALUE}.ResourceIdMalformed",
        f"{_VALUE}.ResourceNotFound",
        f"{_VALUE}.ResourceNotExisted",
        f"{_VALUE}.Range",
        _MEMBER_PAYS,
        _LIMIT,
    ),
    "DeleteBandwidthPackage": (*_PACKAGE, f"{_VALUE}.BandwidthPackageInUse"),
    "DescribeBandwidthPackages": (
        f"{_VALUE}.BandwidthPackageIdMalformed",
        _NO_FILTER,
        _LIMIT,
    ),
    "DescribeBandwidthPackageResources": (
        *_PACKAGE,
        f"{_VALUE}.Illegal",
        _NO_FILTER,
        _LIMIT,
    ),
    "ModifyBandwidthPackageBandwidth": (*_PACKAGE, f"{_VALUE}.Range"),
    "ModifyBandwidthPackageAttribute": (
        *_PACKAGE,
        f"{_VALUE}.TooLong",
        f"{_VALUE}.InvalidBandwidthPackageChargeType",
    ),
    "DescribeVpcs": _PRIVATE_NETWORK,
    "DescribeSubnets": _PRIVATE_NETWORK,
    "GetResources": (
        f"{_VALUE}.ResourceDescriptionError",
        f"{_VALUE}.ServiceTypeInvalid",
        f"{_VALUE}.RegionInvalid",
        f"{_VALUE}.UinInvalid",
        f"{_VALUE}.ResourcePrefixInvalid",
        f"{_VALUE}.TagFiltersLengthExceeded",
        "LimitExceeded.ResourceNumPerRequest",
        "InvalidParameter.PaginationTokenInvalid",
        _LIMIT,
    ),
}

"""The error codes of every action, and the codes that several actions have in common.

The codes of one action are in its declaration. `InstanceState*` stands for the codes of every state
that doesn't permit the action.
"""

from collections.abc import Mapping
from typing import Final

VALUE: Final = "InvalidParameterValue"
LIMIT: Final = f"{VALUE}.LimitExceeded"
MUTEX: Final = "OperationDenied.MutexTaskRunning"
STATE: Final = "UnsupportedOperation.InstanceState*"
WRITTEN_INSTANCES: Final = ("InvalidInstanceId.Malformed", "InvalidInstanceId.NotFound", LIMIT)
ADDRESS: Final = (f"{VALUE}.AddressIdMalformed", "InvalidAddressId.NotFound")
INSTANCE: Final = (f"{VALUE}.InstanceIdMalformed", "InvalidInstanceId.NotFound")
PACKAGE: Final = (
    f"{VALUE}.BandwidthPackageIdMalformed",
    f"{VALUE}.BandwidthPackageNotFound",
)
INSTANCE_ATTRIBUTES: Final = (
    f"{VALUE}.InvalidUserDataFormat",
    f"{VALUE}.IllegalHostName",
    f"{VALUE}.CamRoleNameMalformed",
    "InvalidSecurityGroupId.NotFound",
    "LimitExceeded.SingleUSGQuota",
)
ADDRESS_QUOTA: Final = ("AddressQuotaLimitExceeded", "AddressQuotaLimitExceeded.DailyAllocate")
BANDWIDTH: Final = (f"{VALUE}.BandwidthTooSmall", f"{VALUE}.BandwidthOutOfRange")
BLOCKED: Final = "InvalidAddressId.Blocked"
TAGS: Final = (f"{VALUE}.InvalidTag", "LimitExceeded.TagQuota")
RESERVED_KEY: Final = "InvalidParameter.ReservedTagKey"
PACKAGE_FULL: Final = "LimitExceeded.BandwidthPackageResourceQuota"
NO_FILTER: Final = "InvalidParameter.InvalidFilter"
EXPIRED: Final = "OperationDenied.AddressInArrears"
CHARGE_TYPE: Final = "UnsupportedOperation.InvalidAddressInternetChargeType"
ADDRESS_STATUS: Final = "UnsupportedOperation.AddressStatusNotPermit"
MEMBER_PAYS: Final = "UnsupportedOperation.InvalidResourceInternetChargeType"
PRIVATE_NETWORK: Final = (
    f"{VALUE}.Malformed",
    "ResourceNotFound",
    "InvalidParameter.Coexist",
    "InvalidParameter.FilterInvalidKey",
    LIMIT,
)

GROUP: Final = f"{VALUE}.Malformed"
TOO_LONG: Final = f"{VALUE}.TooLong"
COEXIST: Final = "InvalidParameter.Coexist"
FILTER: Final = "InvalidParameter.FilterInvalidKey"
POLICY: Final = (GROUP, COEXIST, f"{VALUE}.Empty", f"{VALUE}.Range", TOO_LONG)
DUPLICATE_POLICY: Final = "UnsupportedOperation.DuplicatePolicy"
VERSION: Final = "UnsupportedOperation.VersionMismatch"

EVERYWHERE: Final[Mapping[str, str]] = {
    "MissingParameter": "a parameter that is needed, or a common one, is missing",
    "UnknownParameter": "the action has no such parameter",
    "InvalidParameter": "a parameter is of the wrong type, or the request isn't well formed",
    "InvalidParameterValue": "a value can't be had here",
    "UnsupportedOperation": "a parameter that is refused here, or what the account doesn't know",
    "InvalidAction": "there is no such action of that service and version",
    "NoSuchProduct": "the service that it was signed for isn't here",
    "NoSuchVersion": "there is no such version",
    "UnsupportedRegion": "the region isn't the only one that is here",
    "UnsupportedProtocol": "the method is neither GET nor POST",
    "RequestLimitExceeded": "the action was called too often",
    "RequestSizeLimitExceeded": "the request is too large",
    "AuthFailure.InvalidAuthorization": "the header Authorization isn't of its form",
    "AuthFailure.SecretIdNotFound": "the SecretId is unknown or disabled",
    "AuthFailure.SignatureExpire": "it was signed too long ago, or will be",
    "AuthFailure.SignatureFailure": "it wasn't signed with this SecretId's key",
    "AuthFailure.TokenFailure": "the token isn't of this SecretId",
    "FailedOperation": "the gateway can't do it, and no other code says why",
    "LimitExceeded": "there would be more of something than there may be",
    "ResourceInUse": "what it is about has a task under way",
    "ResourceInsufficient": "there is none left",
    "ResourceNotFound": "what it is about isn't there",
    "InternalError": "the gateway failed: what was asked for may have been recorded",
}

"""Refusals and failures as the cloud's error codes: the one place where they are translated."""

from collections.abc import Mapping
from typing import Final

from gateway.api.action import CVM, VPC
from gateway.api.wire import ApiError
from gateway.control import errors
from gateway.control.values import InstanceState

_CODES: Final[Mapping[type[errors.ControlError], str]] = {
    errors.InvalidValueError: "InvalidParameterValue",
    errors.UnknownInstanceError: "InvalidInstanceId.NotFound",
    errors.UnknownEipError: "InvalidAddressId.NotFound",
    errors.OrdinaryAddressError: "InvalidParameterValue.AddressTypeConflict",
    errors.EipStatusError: "UnsupportedOperation.AddressStatusNotPermit",
    errors.AlreadyBoundError: "InvalidInstanceId.AlreadyBindEip",
    errors.PoolEmptyError: "ResourceInsufficient",
    errors.SubnetFullError: "FailedOperation.NoAvailableIpAddressCountInSubnet",
    errors.RangeError: "InvalidParameterValue.Range",
    errors.BandwidthTooSmallError: "InvalidParameterValue.BandwidthTooSmall",
    errors.BandwidthTooLargeError: "InvalidParameterValue.BandwidthOutOfRange",
    errors.InstanceNameTooLongError: "InvalidInstanceName.TooLong",
    errors.NameTooLongError: "InvalidParameterValue.TooLong",
    errors.NoOrdinaryAddressError: "FailedOperation.NotFoundEIP",
    errors.MixedChargeTypesError: "UnsupportedOperation.InstanceChargeType",
    errors.ChargeTypeError: "UnsupportedOperation.InvalidAddressInternetChargeType",
    errors.ChargeTypeUnchangedError: "InvalidParameterValue.InternetChargeTypeNotChanged",
    errors.ChargeTypeQuotaError: "LimitExceeded.ModifyAddressInternetChargeTypeQuota",
    errors.UnknownPackageError: "InvalidParameterValue.BandwidthPackageNotFound",
    errors.PackageInUseError: "InvalidParameterValue.BandwidthPackageInUse",
    errors.PackageQuotaError: "LimitExceeded.BandwidthPackageQuota",
    errors.PackageFullError: "LimitExceeded.BandwidthPackageResourceQuota",
    errors.UnknownMemberError: "InvalidParameterValue.ResourceNotFound",
    errors.AlreadyMemberError: "InvalidParameterValue.ResourceAlreadyExisted",
    errors.NotMemberError: "InvalidParameterValue.ResourceNotExisted",
    errors.MemberChargeTypeError: "UnsupportedOperation.InvalidResourceInternetChargeType",
    errors.CombinationError: "InvalidParameterValue.Combination",
    errors.EipQuotaError: "AddressQuotaLimitExceeded",
    errors.DailyQuotaError: "AddressQuotaLimitExceeded.DailyAllocate",
    errors.TokenTooLongError: "InvalidClientToken.TooLong",
    errors.TokenReusedError: "InvalidParameterConflict",
    errors.MutexTaskError: "OperationDenied.MutexTaskRunning",
    errors.HasOrdinaryAddressError: "InvalidParameterValue.InstanceHasWanIP",
    errors.NoWanIpError: "InvalidParameterValue.InstanceHasNoWanIP",
    errors.UnsupportedBehaviourError: "UnsupportedOperation",
    errors.UnknownAddressError: "InvalidParameterValue.AddressNotFound",
    errors.AddressBlockedError: "InvalidAddressId.Blocked",
    errors.OrdinaryIpBlockedError: "InvalidParameterValue.InstanceNormalPublicIpBlocked",
    errors.UnknownTypeError: "InvalidParameterValue.InstanceTypeNotFound",
    errors.UserDataError: "InvalidParameterValue.InvalidUserDataFormat",
    errors.HostNameError: "InvalidParameterValue.IllegalHostName",
    errors.RoleNameError: "InvalidParameterValue.CamRoleNameMalformed",
    errors.MinCountError: "InvalidParameterValue.InvalidParameterMinCount",
    errors.PrivateIpMalformedError: "InvalidParameterValue.IPAddressMalformed",
    errors.PrivateIpOutsideError: "VpcAddrNotInSubNet",
    errors.PrivateIpUsedError: "VpcIpIsUsed",
    errors.InstanceCombinationError: "InvalidParameterCombination",
    errors.ProtectedError: "UnsupportedOperation.InstancesProtected",
    errors.AddressBusyError: "OperationDenied.MutexTaskRunning",
    errors.InstanceBusyError: "MutexOperation.TaskRunning",
    errors.UnknownTaskError: "InvalidParameter",
    errors.InvalidTagError: "InvalidParameterValue.InvalidTag",
    errors.DuplicateTagError: "InvalidParameterValue.TagDuplicateKey",
    errors.TagQuotaError: "LimitExceeded.TagQuota",
    errors.ChangedBeforeError: "LimitExceeded.ChangeAddressQuota",
    errors.DailyChangesError: "LimitExceeded.DailyChangeAddressQuota",
    errors.AdapterError: "InternalError",
}
# Where one service, or one action, has a code of its own.
_OF: Final[Mapping[str, Mapping[type[errors.ControlError], str]]] = {
    CVM: {
        errors.PoolEmptyError: "ResourcesSoldOut.EipInsufficient",
        errors.UnknownPackageError: "InvalidParameterValue.BandwidthPackageIdNotFound",
        errors.CombinationError: "InvalidParameterCombination",
        errors.InvalidTagError: "InvalidParameterValue",
        errors.DuplicateTagError: "InvalidParameterValue.DuplicateTags",
        errors.TagQuotaError: "InvalidParameterValue.TagQuotaLimitExceeded",
    },
    VPC: {
        errors.TokenTooLongError: "InvalidParameterValue.TooLong",
        errors.InstanceStateError: "UnsupportedOperation.InstanceStateNotSupported",
    },
    "AssociateAddress": {
        errors.OrdinaryAddressError: "InvalidParameterValue.ResourceNotSupport",
    },
    "DisassociateAddress": {
        errors.OrdinaryAddressError: "InvalidAddressIdStatus.NotPermit",
    },
    "ModifyAddressAttribute": {
        errors.OrdinaryAddressError: "UnsupportedOperation.ModifyAddressAttribute",
    },
    "ModifyAddressInternetChargeType": {
        errors.OrdinaryAddressError: "UnsupportedOperation.InvalidAddressInternetChargeType",
    },
    "TransformAddress": {
        errors.InstanceStateError: "InvalidParameterValue.InvalidInstanceState",
    },
}
_STATE_WORD: Final[Mapping[InstanceState, str]] = {
    InstanceState.PENDING: "Pending",
    InstanceState.LAUNCH_FAILED: "LaunchFailed",
    InstanceState.RUNNING: "Running",
    InstanceState.STARTING: "Starting",
    InstanceState.STOPPING: "Stopping",
    InstanceState.STOPPED: "Stopped",
    InstanceState.REBOOTING: "Rebooting",
    InstanceState.TERMINATING: "Terminating",
}


def from_control(error: errors.ControlError, service: str = "", action: str = "") -> ApiError:
    """The cloud's code for what control raised when it carried out the action."""
    kind = type(error)
    own = _OF.get(action, {}).get(kind) or _OF.get(service, {}).get(kind)
    if own:
        return ApiError(own, str(error))
    if isinstance(error, errors.InstanceStateError) and kind not in _CODES:
        return ApiError(f"UnsupportedOperation.InstanceState{_STATE_WORD[error.state]}", str(error))
    return ApiError(_CODES[kind], str(error))

"""Refusals and failures as the cloud's error codes: the one place where they are translated."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from gateway.api.shapes import CVM, VPC
from gateway.control import errors
from gateway.control.values import InstanceState


class ApiError(Exception):
    """An answer that is one of the cloud's error codes."""

    def __init__(self, code: str, message: str) -> None:
        """The code, e.g. `InvalidInstanceId.NotFound`, and one line for people."""
        super().__init__(message)
        self.code = code
        self.message = message


class BadValueError(ApiError, ValueError):
    """The value of a parameter is refused, with a code of the cloud's."""


def unknown_parameter(path: str, name: str, known: Collection[str]) -> BadValueError:
    """The refusal of a parameter that isn't one of the known; it says which one is nearly so."""
    near = get_close_matches(name[:80], known, n=1, cutoff=0.75)
    shown = path[:80] if path.isprintable() else repr(path[:80])
    if near:
        return BadValueError(
            "UnknownParameter",
            f"the parameter {shown} is not recognized: did you mean {near[0]}?",
        )
    return BadValueError("UnknownParameter", f"the parameter {shown} is not recognized")


NO_CODES: Final[Mapping[type[errors.ControlError], str]] = MappingProxyType({})
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
    errors.PackageMissingError: "MissingParameter",
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
    errors.PeriodMissingError: "MissingParameter",
    errors.PeriodError: "InvalidParameterValue",
    errors.ExpiredError: "OperationDenied.AddressInArrears",
    errors.PaidForError: "InvalidParameterValue.AddressInternetChargeTypeConflict",
    errors.AddressBlockedError: "InvalidAddressId.Blocked",
    errors.OrdinaryIpBlockedError: "InvalidParameterValue.InstanceNormalPublicIpBlocked",
    errors.UnknownTypeError: "InvalidParameterValue.InstanceTypeNotFound",
    errors.DiskCountError: "InvalidParameterValue.LimitExceeded",
    errors.DiskKindError: "UnsupportedOperation.InvalidDisk",
    errors.KeyPairError: "InvalidParameterValue.KeyPairNotFound",
    errors.UnknownGroupError: "ResourceNotFound",
    errors.GroupQuotaError: "LimitExceeded",
    errors.GroupInUseError: "ResourceInUse",
    errors.DefaultGroupError: "UnsupportedOperation",
    errors.GroupFullError: "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded",
    errors.LastGroupError: "UnsupportedOperation",
    errors.PolicyQuotaError: "LimitExceeded.SecurityGroupPolicySet",
    errors.PolicyIndexError: "InvalidParameterValue.Range",
    errors.PolicyVersionError: "UnsupportedOperation.VersionMismatch",
    errors.DuplicatePolicyError: "UnsupportedOperation.DuplicatePolicy",
    errors.UnknownPolicyError: "ResourceNotFound",
    errors.MalformedError: "InvalidParameterValue.Malformed",
    errors.CoexistError: "InvalidParameter.Coexist",
    errors.EmptyError: "InvalidParameterValue.Empty",
    errors.UnknownTemplateError: "ResourceNotFound",
    errors.TemplateInUseError: "UnsupportedOperation.MutexOperationTaskRunning",
    errors.TemplateQuotaError: "LimitExceeded",
    errors.DuplicateMemberError: "InvalidParameterValue.Duplicate",
    errors.SecurityGroupQuotaError: "LimitExceeded.SingleUSGQuota",
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
    errors.TagKeyEmptyError: "InvalidParameterValue.TagKeyEmpty",
    errors.TagKeyTooLongError: "InvalidParameterValue.TagKeyLengthExceeded",
    errors.TagKeyCharactersError: "InvalidParameterValue.TagKeyCharacterIllegal",
    errors.TagKeyReservedError: "InvalidParameter.ReservedTagKey",
    errors.TagValueTooLongError: "InvalidParameterValue.TagValueLengthExceeded",
    errors.TagValueCharactersError: "InvalidParameterValue.TagValueCharacterIllegal",
    errors.DuplicateTagError: "InvalidParameterValue.TagKeyDuplicate",
    errors.TagQuotaError: "LimitExceeded.ResourceAttachedTags",
    errors.TagKeyQuotaError: "LimitExceeded.TagKey",
    errors.TagValueQuotaError: "LimitExceeded.TagValue",
    errors.TagExistsError: "ResourceInUse.TagDuplicate",
    errors.UnknownTagError: "ResourceNotFound.TagNonExist",
    errors.TagInUseError: "FailedOperation.TagAttachedResource",
    errors.UnknownResourceError: "ResourceNotFound",
    errors.ChangedBeforeError: "LimitExceeded.ChangeAddressQuota",
    errors.DailyChangesError: "LimitExceeded.DailyChangeAddressQuota",
    errors.AdapterError: "InternalError",
}
# What can't be a tag, and what is one too many: only service tag has a code for each reason.
_TAG_FORMS: Final = (
    errors.TagKeyEmptyError,
    errors.TagKeyTooLongError,
    errors.TagKeyCharactersError,
    errors.TagKeyReservedError,
    errors.TagValueTooLongError,
    errors.TagValueCharactersError,
)
_TAG_QUOTAS: Final = (errors.TagQuotaError, errors.TagKeyQuotaError, errors.TagValueQuotaError)
# Where a service has a code of its own; an action's own codes are in its declaration.
_OF: Final[Mapping[str, Mapping[type[errors.ControlError], str]]] = {
    CVM: {
        errors.PoolEmptyError: "ResourcesSoldOut.EipInsufficient",
        errors.UnknownGroupError: "InvalidSecurityGroupId.NotFound",
        errors.UnknownPackageError: "InvalidParameterValue.BandwidthPackageIdNotFound",
        errors.CombinationError: "InvalidParameterCombination",
        errors.TokenReusedError: "InvalidParameter.ParameterConflict",
        errors.MutexTaskError: "MutexOperation.TaskRunning",
        errors.AddressBusyError: "MutexOperation.TaskRunning",
        errors.DuplicateTagError: "InvalidParameterValue.DuplicateTags",
        **dict.fromkeys(_TAG_FORMS, "InvalidParameterValue"),
        **dict.fromkeys(_TAG_QUOTAS, "InvalidParameterValue.TagQuotaLimitExceeded"),
    },
    VPC: {
        errors.TokenTooLongError: "InvalidParameterValue.TooLong",
        errors.DuplicateTagError: "InvalidParameterValue.InvalidTag",
        errors.InstanceBusyError: "OperationDenied.MutexTaskRunning",
        errors.InstanceStateError: "UnsupportedOperation.InstanceStateNotSupported",
        errors.DuplicateTagError: "InvalidParameterValue.TagDuplicateKey",
        **dict.fromkeys(_TAG_FORMS, "InvalidParameterValue.InvalidTag"),
        **dict.fromkeys(_TAG_QUOTAS, "LimitExceeded.TagQuota"),
    },
}


def from_control(
    error: errors.ControlError,
    service: str = "",
    own: Mapping[type[errors.ControlError], str] = NO_CODES,
) -> ApiError:
    """The cloud's code for what control raised; `own` are the codes of the action."""
    kind = type(error)
    code = own.get(kind) or _OF.get(service, {}).get(kind)
    if code is None and isinstance(error, errors.InstanceStateError) and kind not in _CODES:
        code = f"UnsupportedOperation.InstanceState{_word(error.state)}"
    return ApiError(code or _CODES[kind], str(error))


def _word(state: InstanceState) -> str:
    """The state as codes have it, e.g. `LaunchFailed`."""
    return state.value.title().replace("_", "")

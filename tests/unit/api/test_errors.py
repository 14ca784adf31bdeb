"""Control's errors as the cloud's codes: each has one."""

from collections.abc import Iterator

import pytest

from gateway.api.errors import from_control
from gateway.api.shapes import CVM
from gateway.control import errors
from gateway.control.values import InstanceState

# The codes of the cloud's lists for the actions that can meet with each error.
CODES = {
    "InvalidValueError": "InvalidParameterValue",
    "UnknownInstanceError": "InvalidInstanceId.NotFound",
    "UnknownEipError": "InvalidAddressId.NotFound",
    "OrdinaryAddressError": "InvalidParameterValue.AddressTypeConflict",
    "EipStatusError": "UnsupportedOperation.AddressStatusNotPermit",
    "AlreadyBoundError": "InvalidInstanceId.AlreadyBindEip",
    "PoolEmptyError": "ResourceInsufficient",
    "SubnetFullError": "FailedOperation.NoAvailableIpAddressCountInSubnet",
    "RangeError": "InvalidParameterValue.Range",
    "BandwidthTooSmallError": "InvalidParameterValue.BandwidthTooSmall",
    "BandwidthTooLargeError": "InvalidParameterValue.BandwidthOutOfRange",
    "InstanceNameTooLongError": "InvalidInstanceName.TooLong",
    "NameTooLongError": "InvalidParameterValue.TooLong",
    "NoOrdinaryAddressError": "FailedOperation.NotFoundEIP",
    "MixedChargeTypesError": "UnsupportedOperation.InstanceChargeType",
    "ChargeTypeError": "UnsupportedOperation.InvalidAddressInternetChargeType",
    "ChargeTypeUnchangedError": "InvalidParameterValue.InternetChargeTypeNotChanged",
    "ChargeTypeQuotaError": "LimitExceeded.ModifyAddressInternetChargeTypeQuota",
    "UnknownPackageError": "InvalidParameterValue.BandwidthPackageNotFound",
    "PackageMissingError": "MissingParameter",
    "PackageInUseError": "InvalidParameterValue.BandwidthPackageInUse",
    "PackageQuotaError": "LimitExceeded.BandwidthPackageQuota",
    "PackageFullError": "LimitExceeded.BandwidthPackageResourceQuota",
    "UnknownMemberError": "InvalidParameterValue.ResourceNotFound",
    "AlreadyMemberError": "InvalidParameterValue.ResourceAlreadyExisted",
    "NotMemberError": "InvalidParameterValue.ResourceNotExisted",
    "MemberChargeTypeError": "UnsupportedOperation.InvalidResourceInternetChargeType",
    "CombinationError": "InvalidParameterValue.Combination",
    "EipQuotaError": "AddressQuotaLimitExceeded",
    "DailyQuotaError": "AddressQuotaLimitExceeded.DailyAllocate",
    "TokenTooLongError": "InvalidClientToken.TooLong",
    "TokenReusedError": "InvalidParameterConflict",
    "HasOrdinaryAddressError": "InvalidParameterValue.InstanceHasWanIP",
    "NoWanIpError": "InvalidParameterValue.InstanceHasNoWanIP",
    "UnsupportedBehaviourError": "UnsupportedOperation",
    "UnknownAddressError": "InvalidParameterValue.AddressNotFound",
    "PeriodMissingError": "MissingParameter",
    "PeriodError": "InvalidParameterValue",
    "ExpiredError": "OperationDenied.AddressInArrears",
    "PaidForError": "InvalidParameterValue.AddressInternetChargeTypeConflict",
    "AddressBlockedError": "InvalidAddressId.Blocked",
    "OrdinaryIpBlockedError": "InvalidParameterValue.InstanceNormalPublicIpBlocked",
    "UnknownTypeError": "InvalidParameterValue.InstanceTypeNotFound",
    "DiskCountError": "InvalidParameterValue.LimitExceeded",
    "DiskKindError": "UnsupportedOperation.InvalidDisk",
    "KeyPairError": "InvalidParameterValue.KeyPairNotFound",
    "UnknownGroupError": "ResourceNotFound",
    "GroupQuotaError": "LimitExceeded",
    "GroupInUseError": "ResourceInUse",
    "DefaultGroupError": "UnsupportedOperation",
    "GroupFullError": "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded",
    "LastGroupError": "UnsupportedOperation",
    "PolicyQuotaError": "LimitExceeded.SecurityGroupPolicySet",
    "PolicyIndexError": "InvalidParameterValue.Range",
    "PolicyVersionError": "UnsupportedOperation.VersionMismatch",
    "DuplicatePolicyError": "UnsupportedOperation.DuplicatePolicy",
    "UnknownPolicyError": "ResourceNotFound",
    "MalformedError": "InvalidParameterValue.Malformed",
    "CoexistError": "InvalidParameter.Coexist",
    "EmptyError": "InvalidParameterValue.Empty",
    "UnknownTemplateError": "ResourceNotFound",
    "TemplateInUseError": "UnsupportedOperation.MutexOperationTaskRunning",
    "TemplateQuotaError": "LimitExceeded",
    "DuplicateMemberError": "InvalidParameterValue.Duplicate",
    "SecurityGroupQuotaError": "LimitExceeded.SingleUSGQuota",
    "UserDataError": "InvalidParameterValue.InvalidUserDataFormat",
    "HostNameError": "InvalidParameterValue.IllegalHostName",
    "RoleNameError": "InvalidParameterValue.CamRoleNameMalformed",
    "MinCountError": "InvalidParameterValue.InvalidParameterMinCount",
    "PrivateIpMalformedError": "InvalidParameterValue.IPAddressMalformed",
    "PrivateIpOutsideError": "VpcAddrNotInSubNet",
    "PrivateIpUsedError": "VpcIpIsUsed",
    "InstanceCombinationError": "InvalidParameterCombination",
    "ProtectedError": "UnsupportedOperation.InstancesProtected",
    "AddressBusyError": "OperationDenied.MutexTaskRunning",
    "InstanceBusyError": "MutexOperation.TaskRunning",
    "UnknownTaskError": "InvalidParameter",
    "TagKeyEmptyError": "InvalidParameterValue.TagKeyEmpty",
    "TagKeyTooLongError": "InvalidParameterValue.TagKeyLengthExceeded",
    "TagKeyCharactersError": "InvalidParameterValue.TagKeyCharacterIllegal",
    "TagKeyReservedError": "InvalidParameter.ReservedTagKey",
    "TagValueTooLongError": "InvalidParameterValue.TagValueLengthExceeded",
    "TagValueCharactersError": "InvalidParameterValue.TagValueCharacterIllegal",
    "DuplicateTagError": "InvalidParameterValue.TagKeyDuplicate",
    "TagQuotaError": "LimitExceeded.ResourceAttachedTags",
    "TagKeyQuotaError": "LimitExceeded.TagKey",
    "TagValueQuotaError": "LimitExceeded.TagValue",
    "TagExistsError": "ResourceInUse.TagDuplicate",
    "UnknownTagError": "ResourceNotFound.TagNonExist",
    "TagInUseError": "FailedOperation.TagAttachedResource",
    "UnknownResourceError": "ResourceNotFound",
    "ChangedBeforeError": "LimitExceeded.ChangeAddressQuota",
    "DailyChangesError": "LimitExceeded.DailyChangeAddressQuota",
    "AdapterError": "InternalError",
}


def raised(kind: type[errors.ControlError]) -> Iterator[type[errors.ControlError]]:
    """The kinds below `kind` that are raised: those nothing is derived from."""
    derived = kind.__subclasses__()
    if not derived:
        yield kind
    for subclass in derived:
        yield from raised(subclass)


KINDS = sorted(raised(errors.ControlError), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_of_control_has_a_code_and_keeps_its_words(
    kind: type[errors.ControlError],
) -> None:
    if issubclass(kind, errors.InstanceStateError):
        return  # below
    error = kind("ins-1")
    translated = from_control(error)
    assert translated.code == CODES[kind.__name__]
    assert translated.message == str(error)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (InstanceState.PENDING, "Pending"),
        (InstanceState.LAUNCH_FAILED, "LaunchFailed"),
        (InstanceState.RUNNING, "Running"),
        (InstanceState.STARTING, "Starting"),
        (InstanceState.STOPPING, "Stopping"),
        (InstanceState.STOPPED, "Stopped"),
        (InstanceState.REBOOTING, "Rebooting"),
        (InstanceState.TERMINATING, "Terminating"),
    ],
)
def test_a_wrong_state_has_a_code_of_its_own(state: InstanceState, word: str) -> None:
    error = errors.InstanceStateError("ins-1", state, "RUNNING")
    assert from_control(error).code == f"UnsupportedOperation.InstanceState{word}"


def test_a_running_task_has_one_code_whatever_it_is() -> None:
    error = errors.MutexTaskError("ins-1", InstanceState.STARTING, "RUNNING")
    assert from_control(error).code == "OperationDenied.MutexTaskRunning"


def test_the_rows_have_every_state() -> None:
    for state in InstanceState:
        assert from_control(errors.InstanceStateError("ins-1", state, "x")).code


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.PoolEmptyError, "ResourcesSoldOut.EipInsufficient"),
        (errors.UnknownPackageError, "InvalidParameterValue.BandwidthPackageIdNotFound"),
        (errors.RangeError, "InvalidParameterValue.Range"),
    ],
)
def test_cvm_has_codes_of_its_own(kind: type[errors.ControlError], code: str) -> None:
    assert from_control(kind("why"), CVM).code == code

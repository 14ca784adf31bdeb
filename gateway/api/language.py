"""The language of an answer: Chinese or English, as the request asks for it.

The SDKs of the cloud ask for Chinese unless told otherwise. Names of places and ways to pay have
both languages. A refusal in Chinese says what its code means, and then the particulars, which name
parameters and ids, in English.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, NamedTuple

from gateway.api.errors import ApiError


class Language(StrEnum):
    """The languages that a request can ask for."""

    CHINESE = "zh-CN"
    ENGLISH = "en-US"


class Words(NamedTuple):
    """What is shown to people, in both languages."""

    english: str
    chinese: str

    def by(self, language: Language) -> str:
        return self.chinese if language is Language.CHINESE else self.english


# What a code means. A code without a line means what it says before its last dot.
_CHINESE: Final[Mapping[str, str]] = {
    "AddressQuotaLimitExceeded": "弹性公网 IP 数量已达配额上限",
    "AddressQuotaLimitExceeded.DailyAllocate": "今日申请弹性公网 IP 的次数已达上限",
    "AuthFailure": "鉴权失败",
    "AuthFailure.InvalidAuthorization": "请求头 Authorization 的格式不正确",
    "AuthFailure.SecretIdNotFound": "SecretId 不存在或已禁用",
    "AuthFailure.SignatureExpire": "签名已过期",
    "AuthFailure.SignatureFailure": "签名验证失败",
    "AuthFailure.TokenFailure": "临时凭证 Token 无效",
    "FailedOperation": "操作失败",
    "FailedOperation.NoAvailableIpAddressCountInSubnet": "子网中没有可用的内网 IP",
    "FailedOperation.NotFoundEIP": "实例没有公网 IP",
    "InternalError": "内部错误",
    "InvalidAction": "接口不存在",
    "InvalidAddressId": "弹性公网 IP 的 ID 无效",
    "InvalidAddressId.Blocked": "公网 IP 处于封堵状态",
    "InvalidAddressId.NotFound": "弹性公网 IP 不存在",
    "InvalidAddressIdStatus": "弹性公网 IP 的状态不支持该操作",
    "InvalidClientToken": "ClientToken 无效",
    "InvalidFilter": "过滤条件无效",
    "InvalidFilterValue": "过滤条件的取值无效",
    "InvalidHostId": "宿主机 ID 无效",
    "InvalidImageId": "镜像 ID 无效",
    "InvalidInstanceId": "实例 ID 无效",
    "InvalidInstanceId.AlreadyBindEip": "实例已绑定弹性公网 IP",
    "InvalidInstanceId.NotFound": "实例不存在",
    "InvalidInstanceName": "实例名称无效",
    "InvalidNetworkInterfaceId": "弹性网卡不存在",
    "InvalidParameter": "参数错误",
    "InvalidParameterCombination": "参数组合不支持",
    "InvalidParameterConflict": "参数之间相互冲突",
    "InvalidParameterValue": "参数取值错误",
    "InvalidParameterValue.AddressTypeConflict": "公网 IP 的类型不支持该操作",
    "InvalidParameterValue.BandwidthOutOfRange": "带宽超出上限",
    "InvalidParameterValue.BandwidthPackageInUse": "带宽包正在使用",
    "InvalidParameterValue.BandwidthPackageNotFound": "带宽包不存在",
    "InvalidParameterValue.BandwidthTooSmall": "带宽低于下限",
    "InvalidParameterValue.IPAddressMalformed": "IP 地址的格式不正确",
    "InvalidParameterValue.InstanceHasNoWanIP": "实例没有普通公网 IP",
    "InvalidParameterValue.InstanceHasWanIP": "实例已有普通公网 IP",
    "InvalidParameterValue.InstanceTypeNotFound": "实例机型不存在",
    "InvalidParameterValue.LimitExceeded": "参数值超出上限",
    "InvalidParameterValue.Range": "参数值超出范围",
    "InvalidParameterValue.TooLong": "参数值过长",
    "InvalidPassword": "密码无效",
    "InvalidPeriod": "购买时长无效",
    "InvalidProjectId": "项目 ID 无效",
    "InvalidSecurityGroupId": "安全组不存在",
    "InvalidSgId": "安全组 ID 无效",
    "InvalidZone": "可用区无效",
    "InvalidZone.MismatchRegion": "可用区与地域不匹配",
    "LimitExceeded": "超出配额限制",
    "MissingParameter": "缺少参数",
    "MutexOperation": "操作互斥",
    "NoSuchProduct": "产品不存在",
    "NoSuchVersion": "接口版本不存在",
    "OperationDenied": "操作被拒绝",
    "OperationDenied.MutexTaskRunning": "资源有正在执行的任务",
    "RequestLimitExceeded": "请求次数超出频率限制",
    "RequestSizeLimitExceeded": "请求包超出大小限制",
    "ResourceInUse": "资源正在使用",
    "ResourceInsufficient": "资源不足",
    "ResourceNotFound": "资源不存在",
    "ResourceUnavailable": "资源不可用",
    "ResourcesSoldOut": "资源已售罄",
    "UnknownParameter": "未知参数",
    "UnsupportedOperation": "操作不支持",
    "UnsupportedProtocol": "请求方法不支持",
    "UnsupportedRegion": "地域不支持",
    "VpcAddrNotInSubNet": "内网 IP 不在子网的网段内",
    "VpcIpIsUsed": "内网 IP 已被使用",
}


def language(asked: str | None) -> Language:
    """The language that a request asks for; English unless it asks for Chinese."""
    return Language.CHINESE if asked == Language.CHINESE else Language.ENGLISH


def meaning(code: str) -> str:
    """What a code means, in Chinese. Raises `KeyError` if no line says so."""
    while code not in _CHINESE:
        code, dot, _ = code.rpartition(".")
        if not dot:
            raise KeyError(code)
    return _CHINESE[code]


@contextmanager
def spoken(asked: str | None) -> Iterator[None]:
    """Refusals in the block are in the language that is asked for."""
    try:
        yield
    except ApiError as error:
        if language(asked) is Language.ENGLISH:
            raise
        raise ApiError(error.code, f"{meaning(error.code)}: {error.message}") from error

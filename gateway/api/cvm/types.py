"""The actions on types of instances: which there are, and how each is sold.

A type is the size that an instance reports. An instance is a namespace and has the whole machine:
no type is ever sold out, limits what a link carries, or costs anything.
"""

from collections.abc import Iterable
from typing import Any, Final

from gateway.api.action import Answer, Context, Filtered, action
from gateway.api.codes import VALUE
from gateway.api.errors import ApiError
from gateway.api.filters import By, Seen, Table, always, equal, matching
from gateway.api.language import Language, Words
from gateway.api.services import CVM
from gateway.control.decisions.purchases import SOLD
from gateway.control.place import ZONE
from gateway.control.values import TYPES, InstanceChargeType, InstanceType

_View = dict[str, Any]
_UNKNOWN: Final = "InvalidFilter"
_TOO_MANY: Final = "InvalidFilterValue.LimitExceeded"
_TYPE: Final = Words("Standard {}", "标准型{}")
_SORT: Final = "sort-keys"
_SORT_KEYS: Final = {"cpu": "Cpu", "mem": "Memory"}
_PRICES: Final = ("UnitPrice", "UnitPriceDiscount", "OriginalPrice", "DiscountPrice", "Discount")

_BY: Final[dict[str, By[_View]]] = {
    "zone": always(ZONE),
    "instance-family": equal(lambda _, one: (one["InstanceFamily"],)),
    "instance-type": equal(lambda _, one: (one["InstanceType"],)),
}
_TYPES: Final[Table[_View]] = Table(
    by=_BY, tags=None, unknown=_UNKNOWN, too_many=_TOO_MANY, too_many_values=_TOO_MANY, values_max=1
)
_OFFERS: Final[Table[_View]] = Table(
    by={
        **_BY,
        "instance-charge-type": equal(lambda _, one: (one["InstanceChargeType"],)),
        _SORT: lambda _values: lambda _seen, _one: True,  # it excludes nothing
    },
    tags=None,
    unknown=_UNKNOWN,
    too_many=_TOO_MANY,
    too_many_values=_TOO_MANY,
)


@action(CVM, filters=_TYPES, codes=(_UNKNOWN, _TOO_MANY))
class DescribeInstanceTypeConfigs(Filtered):
    """List the types of instances, with the processors and the memory that they report."""

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            found = matching(Seen(state), map(_type_view, TYPES.values()), self.tests())
        return {"InstanceTypeConfigSet": found}


@action(CVM, filters=_OFFERS, codes=(_UNKNOWN, _TOO_MANY))
class DescribeZoneInstanceConfigInfos(Filtered):
    """List each type of instance once for each way to pay for it. All prices are 0."""

    def run(self, context: Context) -> Answer:
        offers = [
            _offer_view(kind, paid, context.language) for kind in TYPES.values() for paid in SOLD
        ]
        with context.control.state() as state:
            found = matching(Seen(state), offers, self.tests())
        keys = (key for one in self.Filters if one.Name == _SORT for key in one.Values)
        return {"InstanceTypeQuotaSet": _sorted(found, keys)}


def _sorted(found: list[_View], keys: Iterable[str]) -> list[_View]:
    """Sort by keys of the form `cpu:desc`, the first of which counts most. Raises `ApiError`."""
    for key in reversed(list(keys)):
        name, _, order = key.partition(":")
        if name not in _SORT_KEYS or order not in ("asc", "desc"):
            raise ApiError(VALUE, f"{key[:80]!r} is no key to sort by: cpu:asc or mem:desc is one")
        found = sorted(found, key=lambda one: int(one[_SORT_KEYS[name]]), reverse=order == "desc")
    return found


def _type_view(kind: InstanceType) -> _View:
    return {
        "Zone": ZONE,
        "InstanceType": kind.name,
        "InstanceFamily": kind.family,
        "CPU": kind.cpus,
        "Memory": kind.memory_gib,
        "GPU": 0,
        "FPGA": 0,
        "GpuCount": 0,
        "GpuType": "",
        "GpuMemory": 0,
    }


def _offer_view(kind: InstanceType, paid: InstanceChargeType, language: Language) -> _View:
    return {
        "Zone": ZONE,
        "InstanceType": kind.name,
        "InstanceFamily": kind.family,
        "TypeName": _TYPE.by(language).format(kind.family),
        "InstanceChargeType": paid.value,
        "Cpu": kind.cpus,
        "Memory": kind.memory_gib,
        "Gpu": 0,
        "Fpga": 0,
        "GpuCount": 0,
        "CpuType": "",
        "Frequency": "",
        "NetworkCard": 0,
        "InstanceBandwidth": 0,
        "InstancePps": 0,
        "StorageBlockAmount": 0,
        "LocalDiskTypeList": [],
        "Externals": {},
        "Price": {**dict.fromkeys(_PRICES, 0), "ChargeUnit": "HOUR"},
        "Status": "SELL",
        "StatusCategory": "EnoughStock",
        "SoldOutReason": "",
        "Remark": "",
    }

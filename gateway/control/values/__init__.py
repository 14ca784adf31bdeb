"""The values that control speaks of, by resource. Words and states are the cloud's (API 3.0)."""

from gateway.control.values.account import REASSIGNMENTS_MAX, Account, Behaviour
from gateway.control.values.addresses import (
    KEPT_S,
    PERIODS,
    AddressStatus,
    Eip,
    OrdinaryIp,
    Prepaid,
    Renewal,
)
from gateway.control.values.charging import (
    EIP_BANDWIDTH_MAX_MBPS,
    INSTANCE_BANDWIDTH_MAX_MBPS,
    ON_ITS_OWN,
    ChargeType,
)
from gateway.control.values.disks import SYSTEM_DISK, Disk, DiskType
from gateway.control.values.instances import (
    BANDWIDTH_OPERATION,
    FORMER_MAX,
    OPERATIONS,
    PASSING,
    Instance,
    InstanceState,
    Operation,
    RoleCredentials,
)
from gateway.control.values.packages import (
    PACKAGE_BANDWIDTH_MAX_MBPS,
    UNLIMITED_MBPS,
    BandwidthPackage,
    NetworkType,
    PackageChargeType,
)
from gateway.control.values.purchases import (
    DEFAULT_ATTRIBUTES,
    DEFAULT_IMAGE,
    DEFAULT_PURCHASE,
    DEFAULT_TYPE,
    TYPES,
    USER_DATA_MAX,
    Attributes,
    InstanceChargeType,
    InstanceType,
    Purchase,
)
from gateway.control.values.tags import Tag
from gateway.control.values.tasks import TaskResult

__all__ = [
    "BANDWIDTH_OPERATION",
    "DEFAULT_ATTRIBUTES",
    "DEFAULT_IMAGE",
    "DEFAULT_PURCHASE",
    "DEFAULT_TYPE",
    "EIP_BANDWIDTH_MAX_MBPS",
    "FORMER_MAX",
    "INSTANCE_BANDWIDTH_MAX_MBPS",
    "KEPT_S",
    "ON_ITS_OWN",
    "OPERATIONS",
    "PACKAGE_BANDWIDTH_MAX_MBPS",
    "PASSING",
    "PERIODS",
    "REASSIGNMENTS_MAX",
    "SYSTEM_DISK",
    "TYPES",
    "UNLIMITED_MBPS",
    "USER_DATA_MAX",
    "Account",
    "AddressStatus",
    "Attributes",
    "BandwidthPackage",
    "Behaviour",
    "ChargeType",
    "Disk",
    "DiskType",
    "Eip",
    "Instance",
    "InstanceChargeType",
    "InstanceState",
    "InstanceType",
    "NetworkType",
    "Operation",
    "OrdinaryIp",
    "PackageChargeType",
    "Prepaid",
    "Purchase",
    "Renewal",
    "RoleCredentials",
    "Tag",
    "TaskResult",
]

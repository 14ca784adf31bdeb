"""The purchase of instances: what RunInstances asks for, as a command.

Control knows one zone, one VPC and one subnet, and has no names for them in its commands: the names
are checked here.
"""

import re
from random import SystemRandom
from typing import Annotated, Any, Final

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, action
from gateway.api.client import WaitsFor
from gateway.api.client_tokens import answered_before
from gateway.api.cvm import equipment
from gateway.api.cvm.equipment import BAD_PASSWORD, NO_SNAPSHOT
from gateway.api.cvm.instance_view import ORDINARY
from gateway.api.errors import ApiError
from gateway.api.fields import Flag, No, Refusal, Refused, Request, Tag, Whole, only
from gateway.api.services import CVM
from gateway.api.unused import complete
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decide import decide
from gateway.control.decisions.moment import Moment
from gateway.control.place import REGION, SUBNET_ID, VPC_ID, ZONE
from gateway.control.values import (
    DEFAULT_IMAGE,
    DEFAULT_TYPE,
    Attributes,
    ChargeType,
    Purchase,
    purchases,
)
from gateway.control.values import Tag as TagValue

_DEFAULT: Final = "DEFAULT"
# The codes for what isn't here.
_NO_PROJECT: Final = "InvalidProjectId.NotFound"
_NO_HOST: Final = "InvalidHostId.NotFound"
_NO_IPV6: Final = f"{codes.VALUE}.VpcNotSupportIpv6Address"
_NO_TEMPLATE: Final = f"{codes.VALUE}.LaunchTemplateNotFound"
_NO_CLUSTER: Final = "ResourceNotFound.HpcCluster"
_NO_CHC: Final = f"{codes.VALUE}.ChcHostsNotFound"
_NO_GROUP: Final = "FailedOperation.DisasterRecoverGroupNotFound"


@complete(CVM, "InternetAccessible")
class Internet(Request):
    """Set the bandwidth, in Mbit/s, and the charge type of an instance's public traffic."""

    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole = 0
    PublicIpAssigned: Flag | None = None
    BandwidthPackageId: ids.PackageId | None = None
    InternetServiceProvider: Annotated[str, only("BGP")] = "BGP"
    IPv4AddressType: Annotated[str, only(ORDINARY)] = ORDINARY
    IPv6AddressType: Refused = None
    AntiDDoSPackageId: Refused = None


@complete(CVM, "TagSpecification")
class NewTags(Request):
    """Give these tags to every new instance of the purchase."""

    ResourceType: Annotated[str, only("instance")]
    Tags: tuple[Tag, ...]


@complete(CVM, "Placement")
class Where(Request):
    """The zone, which is the only one, and the only project."""

    Zone: str = ZONE
    ProjectId: Annotated[Whole, only(0, _NO_PROJECT)] = 0
    HostIds: Annotated[Any, Refusal(_NO_HOST)] = None
    DedicatedResourcePackTenancy: Refused = None
    DedicatedResourcePackIds: Refused = None


@complete(CVM, "VirtualPrivateCloud")
class Network(Request):
    """The only VPC, the only subnet, and the private addresses to have in it."""

    VpcId: str
    SubnetId: str
    PrivateIpAddresses: tuple[str, ...] = ()
    AsVpcGateway: No = False
    Ipv6AddressCount: Annotated[Whole, only(0, _NO_IPV6)] = 0

    def check(self) -> None:
        """Raises `ApiError` if the VPC or the subnet isn't there."""
        for name, given, wanted, unknown in (
            ("VpcId", self.VpcId, VPC_ID, "VpcIdNotExist"),
            ("SubnetId", self.SubnetId, SUBNET_ID, "SubnetNotExist"),
        ):
            if given in (wanted, _DEFAULT):
                continue
            _check_form(wanted.partition("-")[0], given, f"{codes.VALUE}.{name}Malformed")
            raise ApiError(
                f"{codes.VALUE}.{unknown}",
                f"{name}: the only one here is {wanted}, or {_DEFAULT}",
            )


@action(
    CVM,
    rate_per_s=10.0,
    waits_for=WaitsFor.INSTANCES,
    codes=(
        f"{codes.VALUE}.Range",
        "InvalidInstanceName.TooLong",
        "InvalidClientToken.TooLong",
        "InvalidParameter.ParameterConflict",
        f"{codes.VALUE}.BandwidthPackageIdMalformed",
        f"{codes.VALUE}.BandwidthPackageIdNotFound",
        "InvalidParameterCombination",
        "ResourcesSoldOut.EipInsufficient",
        "FailedOperation.NoAvailableIpAddressCountInSubnet",
        f"{codes.VALUE}.DuplicateTags",
        f"{codes.VALUE}.TagQuotaLimitExceeded",
        f"{codes.VALUE}.ZoneNotSupported",
        "InvalidZone.MismatchRegion",
        "InvalidImageId.Malformed",
        f"{codes.VALUE}.InstanceTypeNotFound",
        f"{codes.VALUE}.VpcIdMalformed",
        f"{codes.VALUE}.VpcIdNotExist",
        f"{codes.VALUE}.SubnetIdMalformed",
        f"{codes.VALUE}.SubnetNotExist",
        f"{codes.VALUE}.IPAddressMalformed",
        "VpcAddrNotInSubNet",
        "VpcIpIsUsed",
        f"{codes.VALUE}.InvalidParameterMinCount",
        codes.LIMIT,
        f"{codes.VALUE}.KeyPairNotFound",
        "UnsupportedOperation.InvalidDisk",
        *(NO_SNAPSHOT, BAD_PASSWORD),
        *(_NO_PROJECT, _NO_HOST, _NO_IPV6, _NO_TEMPLATE, _NO_CLUSTER, _NO_CHC, _NO_GROUP),
        *codes.INSTANCE_ATTRIBUTES,
    ),
)
class RunInstances(Action):
    """Buy instances, once for each `ClientToken`; `DryRun` only checks the purchase."""

    InstanceName: str = ""
    InternetAccessible: Internet = Internet()
    InstanceCount: Whole = 1
    ClientToken: str = ""
    MinCount: Whole | None = None
    DryRun: Flag = False
    Placement: Where = Where()
    ImageId: str = DEFAULT_IMAGE
    InstanceType: str = DEFAULT_TYPE
    InstanceChargeType: purchases.InstanceChargeType = purchases.InstanceChargeType.POSTPAID_BY_HOUR
    VirtualPrivateCloud: Network = Network(VpcId=VPC_ID, SubnetId=SUBNET_ID)
    HostName: str = ""
    TagSpecification: tuple[NewTags, ...] = ()
    UserData: str = ""
    CamRoleName: str = ""
    DisableApiTermination: Flag = False
    SystemDisk: equipment.SystemDisk = equipment.SystemDisk()
    DataDisks: tuple[equipment.DataDisk, ...] = ()
    LoginSettings: equipment.LoginSettings = equipment.LoginSettings()
    SecurityGroupIds: tuple[str, ...] = ()
    ActionTimer: Refused = None
    LaunchTemplate: Annotated[Any, Refusal(_NO_TEMPLATE)] = None
    DedicatedClusterId: Refused = None
    HpcClusterId: Annotated[Any, Refusal(_NO_CLUSTER)] = None
    ChcIds: Annotated[Any, Refusal(_NO_CHC)] = None
    DisasterRecoverGroupIds: Annotated[Any, Refusal(_NO_GROUP)] = None
    PartitionNumber: Refused = None
    Metadata: Refused = None
    CpuTopology: Refused = None
    NetworkInterfaces: Refused = None
    EnableJumboFrame: No = False

    def run(self, context: Context) -> Answer:
        command = self._command()
        if self.DryRun:
            with context.control.state() as state:
                decide(state, command, Moment(context.control.now(), SystemRandom()))
            return {}
        events = context.submit(command).events
        ordered = [event.instance_id for event in events if isinstance(event, ev.InstanceOrdered)]
        return {"InstanceIdSet": ordered or answered_before(context.control, command)}

    def _command(self) -> cmd.RunInstance:
        _check_zone(self.Placement.Zone)
        self.VirtualPrivateCloud.check()
        self.LoginSettings.check()
        _check_form("img", self.ImageId, "InvalidImageId.Malformed")
        internet = self.InternetAccessible
        return cmd.RunInstance(
            name=self.InstanceName,
            bandwidth_mbps=internet.InternetMaxBandwidthOut,
            charge_type=internet.InternetChargeType,
            package_id=internet.BandwidthPackageId,
            count=self.InstanceCount,
            client_token=self.ClientToken,
            purchase=self._purchase(),
            private_ips=self.VirtualPrivateCloud.PrivateIpAddresses,
            public_ip=internet.PublicIpAssigned,
            count_min=self.MinCount,
            tags=tuple(
                TagValue(tag.Key, tag.Value) for new in self.TagSpecification for tag in new.Tags
            ),
        )

    def _purchase(self) -> Purchase:
        return Purchase(
            image_id=self.ImageId,
            instance_type=self.InstanceType,
            charge_type=self.InstanceChargeType,
            attributes=Attributes(
                host_name=self.HostName,
                user_data=self.UserData,
                role=self.CamRoleName,
                protected=self.DisableApiTermination,
                security_groups=tuple(dict.fromkeys(self.SecurityGroupIds)),
            ),
            system_disk=self.SystemDisk.value(),
            data_disks=tuple(disk.value() for disk in self.DataDisks if disk.DiskSize),
            key_ids=tuple(dict.fromkeys(self.LoginSettings.KeyIds)),
        )


def _check_zone(zone: str) -> None:
    if zone != ZONE:
        in_region = zone.startswith(f"{REGION}-")
        raise ApiError(
            f"{codes.VALUE}.ZoneNotSupported" if in_region else "InvalidZone.MismatchRegion",
            f"no zone {zone[:80]!r}: the only one here is {ZONE}",
        )


def _check_form(prefix: str, given: str, code: str) -> None:
    if not re.fullmatch(f"{prefix}-[0-9a-z]{{8}}", given):
        raise ApiError(code, f"{given[:80]!r} is no id: those have the form {prefix}-1a2b3c4d")

"""Ids as requests have them: their forms, and the code that each service has for a wrong one."""

from typing import Annotated, Final

from gateway.api.fields import AT_ONCE_MAX, Form, Size

_IN_VALUE: Final = "InvalidParameterValue"
INSTANCE: Final = Form("ins", f"{_IN_VALUE}.InstanceIdMalformed")
WRITTEN: Final = Form("ins", "InvalidInstanceId.Malformed")  # of what changes instances
ADDRESS: Final = Form("eip", f"{_IN_VALUE}.AddressIdMalformed")
PACKAGE: Final = Form("bwp", f"{_IN_VALUE}.BandwidthPackageIdMalformed")
RESOURCE: Final = Form("eip", f"{_IN_VALUE}.ResourceIdMalformed")
INTERFACE: Final = Form("eni", f"{_IN_VALUE}.NetworkInterfaceIdMalformed")
VPC: Final = Form("vpc", f"{_IN_VALUE}.Malformed")
SUBNET: Final = Form("subnet", f"{_IN_VALUE}.Malformed")
GROUP: Final = Form("sg", f"{_IN_VALUE}.Malformed")
BOUND_GROUP: Final = Form("sg", "InvalidSgId.Malformed")  # in service cvm

SOME: Final = Size(1, AT_ONCE_MAX)
ANY: Final = Size(0, AT_ONCE_MAX)

InstanceId = Annotated[str, INSTANCE]
WrittenId = Annotated[str, WRITTEN]
AddressId = Annotated[str, ADDRESS]
PackageId = Annotated[str, PACKAGE]
ResourceId = Annotated[str, RESOURCE]
InterfaceId = Annotated[str, INTERFACE]
InstanceIds = Annotated[tuple[InstanceId, ...], ANY]
WrittenIds = Annotated[tuple[WrittenId, ...], SOME]
AddressIds = Annotated[tuple[AddressId, ...], ANY]
SomeAddressIds = Annotated[tuple[AddressId, ...], SOME]
PackageIds = Annotated[tuple[PackageId, ...], ANY]
SomeResourceIds = Annotated[tuple[ResourceId, ...], SOME]
VpcIds = Annotated[tuple[Annotated[str, VPC], ...], ANY]
GroupId = Annotated[str, GROUP]
GroupIds = Annotated[tuple[GroupId, ...], ANY]
SomeGroupIds = Annotated[tuple[GroupId, ...], SOME]
OneGroupId = Annotated[tuple[Annotated[str, BOUND_GROUP], ...], Size(1, 1)]
SubnetIds = Annotated[tuple[Annotated[str, SUBNET], ...], ANY]

"""What RunInstances asks for, as a command: its names of places are checked here.

Control knows one zone, one VPC and one subnet, and has no names for them in its commands.
"""

import re
from random import SystemRandom
from typing import Final

from gateway.api.requests import instances as models
from gateway.api.wire import ApiError
from gateway.control import commands as cmd
from gateway.control.controller import Controller
from gateway.control.decide import decide
from gateway.control.decisions.moment import Moment
from gateway.control.place import REGION, SUBNET_ID, VPC_ID, ZONE
from gateway.control.values import Attributes, Purchase, Tag

DEFAULT: Final = "DEFAULT"


def bought(request: models.RunInstances) -> cmd.RunInstance:
    """The command. Raises `ApiError`."""
    _check_zone(request.Placement.Zone)
    _check_network(request.VirtualPrivateCloud)
    _check_form("img", request.ImageId, "InvalidImageId.Malformed")
    internet = request.InternetAccessible
    return cmd.RunInstance(
        name=request.InstanceName,
        bandwidth_mbps=internet.InternetMaxBandwidthOut,
        charge_type=internet.InternetChargeType,
        package_id=internet.BandwidthPackageId,
        count=request.InstanceCount,
        client_token=request.ClientToken,
        purchase=Purchase(
            image_id=request.ImageId,
            instance_type=request.InstanceType,
            charge_type=request.InstanceChargeType,
            attributes=Attributes(
                host_name=request.HostName,
                user_data=request.UserData,
                role=request.CamRoleName,
                protected=request.DisableApiTermination,
            ),
        ),
        private_ips=request.VirtualPrivateCloud.PrivateIpAddresses,
        public_ip=internet.PublicIpAssigned,
        count_min=request.MinCount,
        tags=tuple(Tag(tag.Key, tag.Value) for new in request.TagSpecification for tag in new.Tags),
    )


def rehearse(control: Controller, command: cmd.RunInstance) -> None:
    """Whether the command would be carried out now. Raises a `DomainError` if it would not."""
    with control.state() as state:
        decide(state, command, Moment(control.now(), SystemRandom()))


def _check_zone(zone: str) -> None:
    if zone != ZONE:
        in_region = zone.startswith(f"{REGION}-")
        raise ApiError(
            "InvalidParameterValue.ZoneNotSupported" if in_region else "InvalidZone.MismatchRegion",
            f"no zone {zone[:80]!r}: the only one here is {ZONE}",
        )


def _check_network(network: models.Network) -> None:
    for name, given, wanted, unknown in (
        ("VpcId", network.VpcId, VPC_ID, "VpcIdNotExist"),
        ("SubnetId", network.SubnetId, SUBNET_ID, "SubnetNotExist"),
    ):
        if given in (wanted, DEFAULT):
            continue
        _check_form(wanted.partition("-")[0], given, f"InvalidParameterValue.{name}Malformed")
        raise ApiError(
            f"InvalidParameterValue.{unknown}",
            f"{name}: the only one here is {wanted}, or {DEFAULT}",
        )


def _check_form(prefix: str, given: str, code: str) -> None:
    if not re.fullmatch(f"{prefix}-[0-9a-z]{{8}}", given):
        raise ApiError(code, f"{given[:80]!r} is no id: those have the form {prefix}-1a2b3c4d")

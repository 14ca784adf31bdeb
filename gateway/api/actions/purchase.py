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
from gateway.control.decisions.circumstances import Circumstances
from gateway.control.place import REGION, SUBNET_ID, VPC_ID, ZONE
from gateway.control.purchase import Purchase

DEFAULT: Final = "DEFAULT"
_ID: Final = "-[0-9a-z]{8}"


def bought(request: models.RunInstances) -> cmd.RunInstance:
    """The command. Raises `ApiError`."""
    _check_zone(request.Placement.Zone)
    _check_network(request.VirtualPrivateCloud)
    if not re.fullmatch(f"img{_ID}", request.ImageId):
        raise ApiError("InvalidImageId.Malformed", f"{request.ImageId[:80]!r} is no image's id")
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
            host_name=request.HostName,
            user_data=request.UserData,
            role=request.CamRoleName,
            protected=request.DisableApiTermination,
        ),
        private_ips=request.VirtualPrivateCloud.PrivateIpAddresses,
        public_ip=internet.PublicIpAssigned,
        count_min=request.MinCount,
    )


def rehearse(control: Controller, command: cmd.RunInstance) -> None:
    """Whether the command would be carried out now. Raises a `DomainError` if it would not."""
    with control.state() as state:
        decide(state, command, Circumstances(control.now(), SystemRandom()))


def _check_zone(zone: str) -> None:
    if zone != ZONE:
        in_region = zone.startswith(f"{REGION}-")
        raise ApiError(
            "InvalidParameterValue.ZoneNotSupported" if in_region else "InvalidZone.MismatchRegion",
            f"no zone {zone[:80]!r}: the only one here is {ZONE}",
        )


def _check_network(network: models.Network) -> None:
    _check_id("VpcId", network.VpcId, f"vpc{_ID}", VPC_ID, "VpcIdNotExist")
    _check_id("SubnetId", network.SubnetId, f"subnet{_ID}", SUBNET_ID, "SubnetNotExist")


def _check_id(name: str, given: str, form: str, wanted: str, unknown: str) -> None:
    if given in (wanted, DEFAULT):
        return
    code = unknown if re.fullmatch(form, given) else f"{name}Malformed"
    raise ApiError(
        f"InvalidParameterValue.{code}", f"{name}: the only one here is {wanted}, or {DEFAULT}"
    )

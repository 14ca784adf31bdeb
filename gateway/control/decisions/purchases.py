"""The terms of a purchase: what is sold, how several instances differ, and what can change."""

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import replace
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv4Address
from itertools import islice
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import candidates, disks, groups, requirements
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import (
    TYPES,
    USER_DATA_MAX,
    InstanceChargeType,
    InstanceState,
    Purchase,
)

SOLD: Final = (InstanceChargeType.POSTPAID_BY_HOUR, InstanceChargeType.SPOTPAID)
KEYS_MAX: Final = 5  # to log in with
GIVEN_MAX: Final = 20  # private addresses that one call may name
CHANGEABLE: Final = (InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.LAUNCH_FAILED)
# {R:3} counts from 3 on, {R:3,F:4} with four digits.
_NUMBER: Final = re.compile(r"\{R:(\d{1,9})(?:,F:(\d{1,2}))?\}", re.ASCII)
_HOST_NAME: Final = re.compile(r"(?=.{2,60}\Z)[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")
_LINE_BREAKS: Final = dict.fromkeys(map(ord, "\r\n"))  # `base64 FILE` makes lines of 76
_KEY: Final = re.compile(r"skey-[0-9a-z]{8}")
_ROLE: Final = re.compile(r"[A-Za-z0-9+=,.@_-]{1,128}")


def check(state: State, purchase: Purchase, count: int) -> None:
    """Check that `count` instances can be bought on these terms; host names are checked later.

    Raises a `DomainError`.
    """
    if purchase.instance_type not in TYPES:
        name = purchase.instance_type[:80]
        near = get_close_matches(name, TYPES, n=5, cutoff=0)
        raise errors.UnknownTypeError(f"no instance type {name!r}: near it are {', '.join(near)}")
    if purchase.charge_type not in SOLD:
        raise errors.InvalidValueError(
            f"no instance can be {purchase.charge_type.value} here: use {' or '.join(SOLD)}"
        )
    disks.check(purchase)
    _check_keys(purchase.key_ids)
    _check_user_data(purchase.attributes.user_data)
    _check_role(purchase.attributes.role)
    newcomers = [str(number) for number in range(count)]
    groups.check_joined(state, purchase.attributes.security_groups, newcomers)


def numbered(name: str, position: int, count: int) -> str:
    """The name of the instance at `position` of `count`, counted from 0."""
    if _NUMBER.search(name):
        return _NUMBER.sub(lambda found: _digits(found, position), name)
    return f"{name}{position + 1}" if name and count > 1 else name


def _digits(found: re.Match[str], position: int) -> str:
    return str(int(found[1]) + position).zfill(int(found[2] or 0))


def host_name(name: str, private_ip: str) -> str:
    """Check the host name, or make one of the private address. Raises `HostNameError`."""
    if not name:
        return "VM-{2}-{3}-linux".format(*private_ip.split("."))
    if not _HOST_NAME.fullmatch(name):
        raise errors.HostNameError(
            f"{name[:80]!r} is no host name: 2 to 60 of letters, digits, '-' and '.' are, "
            "with a letter or digit on both sides of each '-' and '.'"
        )
    return name


def private_ips(state: State, command: cmd.RunInstance, at: Moment) -> list[str]:
    """Choose a private address for each instance. Raises a `DomainError`."""
    least = command.count if command.count_min is None else command.count_min
    if not 1 <= least <= command.count:
        raise errors.MinCountError(f"at least {least} of {command.count} can't be")
    if command.private_ips:
        return _given(state, command, at)
    found = list(islice(state.subnet.free(at.now), command.count))
    if len(found) < least:
        raise errors.SubnetFullError("no private address is free: terminate an instance first")
    if command.bandwidth_mbps and command.public_ip is not False:
        publics = sum(1 for _ in islice(candidates.ready(state, at), len(found)))
        return found[: max(publics, least)]
    return found


def _given(state: State, command: cmd.RunInstance, at: Moment) -> list[str]:
    given = command.private_ips
    if len(given) != command.count or len(given) > GIVEN_MAX:
        raise errors.InstanceCombinationError(
            f"{len(given)} private addresses for {command.count} instances: "
            f"name one each, at most {GIVEN_MAX}"
        )
    for address in given:
        if _address(address) not in state.subnet:
            raise errors.PrivateIpOutsideError(f"{address} isn't an address of the subnet")
        if not state.subnet.ready(address, at.now):
            raise errors.PrivateIpUsedError(f"{address} is in use")
    if len(set(given)) < len(given):
        raise errors.PrivateIpUsedError("two instances can't have the same private address")
    return list(given)


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise errors.PrivateIpMalformedError(f"{text[:80]!r} is no IPv4 address") from error


def change(state: State, command: cmd.ChangeInstancesAttributes, _at: Moment) -> list[ev.Event]:
    """Change the terms of instances that were bought, all of them or none."""
    wanted = {
        "user_data": command.user_data,
        "role": command.role,
        "protected": command.protected,
        "security_groups": command.security_groups,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    _check_user_data(command.user_data or "")
    _check_role(command.role or "")
    if command.security_groups is not None:
        _check_groups(state, command.security_groups, command.instance_ids)
    events: list[ev.Event] = []
    for instance_id in dict.fromkeys(command.instance_ids):
        instance = requirements.instance(state, instance_id)
        requirements.in_state(instance, CHANGEABLE)
        if command.host_name is not None:
            changes["host_name"] = host_name(command.host_name, instance.private_ip)
        after = replace(instance.purchase.attributes, **changes)  # type: ignore[arg-type]
        if command.security_groups == state.groups_of(instance):
            after = instance.purchase.attributes
        if after != instance.purchase.attributes:
            events.append(ev.InstanceAttributesChanged(instance_id, after))
    return events


def _check_groups(state: State, group_ids: Collection[str], instance_ids: Collection[str]) -> None:
    if not group_ids:
        raise errors.LastGroupError("an instance is in one security group at least")
    groups.check_joined(state, group_ids, dict.fromkeys(instance_ids))


def _check_user_data(text: str) -> None:
    try:
        size = len(base64.b64decode(text.translate(_LINE_BREAKS), validate=True))
    except (binascii.Error, ValueError) as error:
        raise errors.UserDataError("user data must be base64") from error
    if size > USER_DATA_MAX:
        raise errors.UserDataError(f"user data has at most {USER_DATA_MAX} bytes, not {size}")


def _check_role(name: str) -> None:
    if name and not _ROLE.fullmatch(name):
        raise errors.RoleNameError(
            f"{name[:80]!r} is no role's name: letters, digits and +=,.@_- are"
        )


def _check_keys(key_ids: Collection[str]) -> None:
    """Check the form: there is no list of keys that one could be looked up in."""
    if len(key_ids) > KEYS_MAX or not all(map(_KEY.fullmatch, key_ids)):
        raise errors.KeyPairError(
            f"up to {KEYS_MAX} keys have ids of the form skey-xxxxxxxx: "
            "eight lower-case letters and digits follow"
        )

"""The fast path's objects in the kernel compared with what they shall be, while it carries.

There is a link to its pins, each pin, and on each link that packets come from the program that is
pinned, as the filter before all others. The maps know each instance's link by its number.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from gateway.exchange import pins
from gateway.exchange.pins import Pin, State
from gateway.fastpath import carrier
from gateway.fastpath.bpf import FastPathError
from gateway.fastpath.carrier import Link
from gateway.fastpath.maps import Place
from gateway.fastpath.program import FROM_INSTANCE, FROM_UPLINK
from gateway.fastpath.settings import FIELDS, SETTING
from gateway.net import netlink
from gateway.net.differences import Difference
from gateway.net.links import ETH_P_ALL, INGRESS, PRIORITY
from gateway.net.netlink import Netlink, attributes
from gateway.net.sight import Seen, SeenLink
from gateway.runtime.waiting import looks

# struct tcmsg: family, index, handle, parent, info, which is priority and protocol.
_FILTER: Final = struct.Struct("=BxxxiIII")
_OPTIONS, _PROGRAM_ID = 2, 11
_INFO: Final = PRIORITY << 16 | int.from_bytes(ETH_P_ALL.to_bytes(2, "big"), "little")
AGAIN_WITHIN_S: Final = 10.0  # a supervisor loads what is lost
AGAIN_LOOK_S: Final = 0.05


def differences(place: Place, gateway: Seen, instances: Iterable[Link]) -> list[Difference]:
    """Compare a fast path that is to carry; the gateway's links were seen.

    Raises `OSError` if the gateway can't be looked at.
    """
    directory, link = place.directory, str(place.directory / pins.LINK)
    again = partial(_wait, directory)
    try:
        lost = carrier.lost(directory)
        if lost:
            return [Difference(link, f"{', '.join(lost)} of the fast path lost", again)]
        if pins.state(directory) is not State.CARRYING:
            return [Difference(link, "the fast path carries nothing", again)]
        found = list(_of_links(place, gateway, instances))
    except FileNotFoundError:
        return [Difference(link, "the fast path's pins are lost", again)]
    return [Difference(place.namespace, what, partial(_mend, mend)) for what, mend in found]


def _of_links(
    place: Place, gateway: Seen, instances: Iterable[Link]
) -> Iterator[tuple[str, Callable[[], None]]]:
    directory, uplink = place.directory, gateway.links.get(place.uplink)
    with Netlink(place.namespace) as kernel:
        if uplink:  # it is named as missing by itself
            with pins.pin(directory, FROM_UPLINK) as program:
                wrong = _wrong_program(kernel, uplink, program)
            told = pins.settings(directory)[FIELDS["uplink"] // SETTING]
            if wrong or told != uplink.index:
                yield wrong or _unknown(uplink), partial(carrier.attach_uplink, place)
        with (
            pins.pin(directory, FROM_INSTANCE) as program,
            pins.pin(directory, pins.LINKS) as known,
        ):
            for name, address in instances:
                link = gateway.links.get(name)
                if link is None:
                    continue
                wrong = _wrong_program(kernel, link, program)
                if wrong or _address_of(link, known) != address:
                    attach = partial(carrier.attach, directory, place.namespace, (name, address))
                    yield wrong or _unknown(link), attach


def _unknown(link: SeenLink) -> str:
    return f"link {link.name} is unknown to the fast path"


def _wrong_program(kernel: Netlink, link: SeenLink, wanted: Pin) -> str:
    """Say that the link has no program of the fast path, or another; empty if it is this one."""
    asked = _FILTER.pack(0, link.index, 0, INGRESS, 0)
    for told in kernel.all(netlink.GET_FILTER, asked):
        *_, info = _FILTER.unpack(told.header)
        options = attributes(told.attributes.get(_OPTIONS, b""))
        if info == _INFO and _PROGRAM_ID in options:
            if int.from_bytes(options[_PROGRAM_ID], "little") == wanted.program():
                return ""
            return f"link {link.name} has another program than the fast path's"
    return f"link {link.name} has no program of the fast path"


def _address_of(link: SeenLink, known: Pin) -> str:
    """The private address that the fast path knows at the link; empty if it knows none."""
    try:
        return str(IPv4Address(int.from_bytes(known.get(link.index, 4), "little")))
    except FileNotFoundError:
        return ""


def _wait(directory: Path) -> None:
    """Wait until a supervisor has loaded again what is lost. Raises `TimeoutError`."""
    for _ in looks(AGAIN_WITHIN_S, AGAIN_LOOK_S):
        with suppress(OSError):
            if not carrier.lost(directory) and pins.state(directory) is State.CARRYING:
                return
    raise TimeoutError("no supervisor has loaded it again")


def _mend(attach: Callable[[], None]) -> None:
    try:
        attach()
    except FastPathError as error:
        raise OSError(str(error)) from error

"""The fast path of a site without a lab: real programs, on links of a namespace of its own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import own_names
from support.kernel_maps import needs_kernel

from gateway.exchange import generations, pins
from gateway.exchange.pins import State
from gateway.fastpath import bpffs, carrier
from gateway.fastpath.bpf import FastPathError
from gateway.fastpath.carrier import Carrier
from gateway.fastpath.inventory import differences
from gateway.fastpath.maps import Place
from gateway.fastpath.program import FROM_UPLINK
from gateway.fastpath.settings import FIELDS, SETTING
from gateway.nat.table import Mapping, build
from gateway.net import namespace
from gateway.net.differences import Difference, mend
from gateway.net.links import Links
from gateway.net.plan import Plan, Route
from gateway.net.sight import see

pytestmark = needs_kernel

SITE = own_names.fresh()
NAME = f"tgw.{SITE}.gateway"
LINK = ("ins-1", "10.0.0.2")


class Gateway:
    """A carrier in a namespace; each method is called in that, in a thread that is there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.site = Place(SITE, directory, NAME, "uplink", "198.51.100.254")
        self.carrier = Carrier(self.site)
        self._thread = ThreadPoolExecutor(1, initializer=lambda: namespace.enter(NAME))

    def do(self, *steps: str) -> None:
        for step in steps:
            self._thread.submit(getattr(self.carrier, step)).result()

    def close(self) -> None:
        self._thread.shutdown()

    def publish(self, generation: int, slots: int = 8) -> None:
        table = build(generation, slots, [Mapping(0xCB00_7101, 0x0A00_0002, 0)])
        generations.publish(self.directory, table)

    def word(self) -> int:
        return pins.memory(self.directory, pins.WORD).cast("Q")[0]


def add_link(name: str) -> None:
    with Links(NAME) as links:
        links.veth(name, peer=f"{name}-far", peer_namespace=NAME)
        links.up(name)
        links.put(Route("10.0.0.2/32", link=name))


def programs(link: str) -> list[str]:
    """The programs at the ingress of a link, as `tc` names them."""
    with namespace.inside(NAME):
        command = ["tc", "filter", "show", "dev", link, "ingress"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [word for word in told.split() if word.startswith("from_")]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    namespace.create(NAME)
    made = Gateway(tmp_path)
    try:
        add_link("uplink")
        add_link("ins-1")
        yield made
    finally:
        made.close()
        namespace.remove(NAME)
        bpffs.remove(made.site.name)
        assert not bpffs.folder_of(made.site.name).exists()


def test_from_nothing_to_carrying_and_back(gateway: Gateway) -> None:
    gateway.publish(1)
    gateway.do("retire")  # there is nothing to retire
    gateway.do("prepare")
    assert (pins.state(gateway.directory), gateway.word()) == (State.PREPARED, 0)
    assert programs("uplink") == []
    gateway.do("carry", "look")
    assert (pins.state(gateway.directory), gateway.word()) == (State.CARRYING, 1)
    assert programs("uplink") == ["from_uplink"]
    assert programs("ins-1") == ["from_instance"]
    with namespace.inside(NAME), pins.pin(gateway.directory, pins.LINKS) as known:
        index = socket.if_nametoindex("ins-1")
    with pins.pin(gateway.directory, pins.LINKS) as known:
        assert known.get(index, 4) == (0x0A00_0002).to_bytes(4, "little")
    gateway.publish(2)
    assert gateway.word() == 2
    folder = (gateway.directory / pins.LINK).readlink()
    gateway.do("prepare")  # anew
    assert not folder.exists()
    assert pins.state(gateway.directory) is State.PREPARED
    gateway.do("carry")
    assert gateway.word() == 2
    gateway.do("retire")
    assert pins.state(gateway.directory) is State.RETIRED
    assert programs("uplink") == programs("ins-1") == []
    gateway.publish(3)
    assert gateway.word() == 2
    with pytest.raises(FastPathError, match="other maps"):
        gateway.do("look")


def test_who_polices_by_the_maps_before_takes_from_the_same_buckets(gateway: Gateway) -> None:
    """Old workers end when new ones serve; an address must not get twice what it bought."""
    gateway.publish(1)
    gateway.do("prepare")
    old = pins.memory(gateway.directory, pins.ADDRESS_BUCKETS).cast("Q")
    gateway.do("carry", "prepare")
    new = pins.memory(gateway.directory, pins.ADDRESS_BUCKETS).cast("Q")
    old[5] = 77
    assert new[5] == 77
    gateway.publish(2, slots=20_000)  # more than they have room for
    gateway.do("prepare")
    larger = pins.memory(gateway.directory, pins.ADDRESS_BUCKETS).cast("Q")
    assert (len(new), new[5]) == (2048, 77)
    assert (len(larger), larger[5]) == (80_000, 77)
    gateway.do("retire")
    new[5] = 78  # nobody's any more
    gateway.do("prepare")
    assert pins.memory(gateway.directory, pins.ADDRESS_BUCKETS).cast("Q")[5] == 77


def test_links_come_and_go(gateway: Gateway) -> None:
    carrier.attach(gateway.directory, NAME, LINK)  # without a fast path nothing happens
    carrier.detach(gateway.directory, NAME, LINK[0])
    assert programs("ins-1") == []
    gateway.publish(1)
    gateway.do("prepare", "carry")
    carrier.detach(gateway.directory, NAME, LINK[0])
    assert programs("ins-1") == []
    carrier.attach(gateway.directory, NAME, LINK)
    assert programs("ins-1") == ["from_instance"]
    with Links(NAME) as links:
        links.remove("ins-1")
    carrier.detach(gateway.directory, NAME, LINK[0])
    add_link("ins-1")
    gateway.do("look", "look")
    assert programs("ins-1") == ["from_instance"]


def test_what_is_lost_or_outgrown_is_told_of(gateway: Gateway) -> None:
    gateway.publish(1)
    gateway.do("prepare", "carry", "look")
    gateway.publish(2, slots=20_000)
    assert gateway.word() == 0
    gateway.do("look")
    with pytest.raises(FastPathError, match="outgrown"):
        gateway.do("look")
    gateway.do("prepare", "carry", "look")
    assert gateway.word() == 2
    shutil.rmtree((gateway.directory / pins.LINK).readlink())
    with pytest.raises(FastPathError, match="lost"):
        gateway.do("look")
    gateway.do("retire")  # by taking the programs away
    assert programs("uplink") == []
    assert not pins.is_linked(gateway.directory)


def test_programs_that_nobody_knows_of_any_more_are_taken_away(gateway: Gateway) -> None:
    """The shared directory was lost, and with it the link to the pins."""
    gateway.publish(1)
    gateway.do("prepare", "carry")
    (gateway.directory / pins.LINK).unlink()
    assert bpffs.remains(gateway.site.name, gateway.directory)
    gateway.do("retire")
    assert programs("uplink") == programs("ins-1") == []
    assert not bpffs.remains(gateway.site.name, gateway.directory)


def found(gateway: Gateway, *instances: tuple[str, str]) -> list[Difference]:
    links = see(Plan(NAME))
    assert links is not None
    return differences(gateway.site, links, instances or [LINK])


def named(gateway: Gateway) -> list[str]:
    return [one.what for one in found(gateway)]


def mended(gateway: Gateway) -> bool:
    return mend(lambda: found(gateway)) == ([], [])


def tc(*words: str) -> None:
    with namespace.inside(NAME):
        subprocess.run(["tc", *words], check=True)


def test_what_is_removed_from_the_kernel_is_named_and_mended(gateway: Gateway) -> None:
    gateway.publish(1)
    gateway.do("prepare", "carry")
    assert found(gateway) == []
    tc("filter", "del", "dev", "ins-1", "ingress")
    tc("qdisc", "del", "dev", "uplink", "clsact")
    assert named(gateway) == [
        "link uplink has no program of the fast path",
        "link ins-1 has no program of the fast path",
    ]
    assert mended(gateway)
    assert programs("ins-1") == ["from_instance"]
    assert programs("uplink") == ["from_uplink"]


def test_what_is_changed_in_the_kernel_is_named_and_mended(gateway: Gateway) -> None:
    gateway.publish(1)
    gateway.do("prepare", "carry")
    with Links(NAME) as links, pins.pin(gateway.directory, FROM_UPLINK) as wrong:
        links.program("ins-1", wrong.file, "other")
    pins.settings(gateway.directory)[FIELDS["uplink"] // SETTING] = 77
    assert named(gateway) == [
        "link uplink is unknown to the fast path",
        "link ins-1 has another program than the fast path's",
    ]
    assert mended(gateway)
    with namespace.inside(NAME), pins.pin(gateway.directory, pins.LINKS) as known:
        known.put(socket.if_nametoindex("ins-1"), 1)
    assert named(gateway) == ["link ins-1 is unknown to the fast path"]
    assert mended(gateway)
    with namespace.inside(NAME), pins.pin(gateway.directory, pins.LINKS) as known:
        known.drop(socket.if_nametoindex("ins-1"))
    assert named(gateway) == ["link ins-1 is unknown to the fast path"]
    assert mended(gateway)


@pytest.mark.parametrize("name", sorted(carrier.PINNED))
def test_each_pin_that_is_removed_is_named_and_loaded_again(gateway: Gateway, name: str) -> None:
    gateway.publish(1)
    gateway.do("prepare", "carry", "look")
    (gateway.directory / pins.LINK / name).unlink()
    assert named(gateway) == [f"{name} of the fast path lost"]
    with pytest.raises(FastPathError, match=f"lost .*{name}"):
        gateway.do("look")
    gateway.do("prepare", "carry", "look")
    assert found(gateway) == []


def test_a_link_to_the_pins_that_is_removed_is_named_and_nothing_goes_on_meanwhile(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.publish(1)
    gateway.do("prepare", "carry")
    (gateway.directory / pins.LINK).unlink()
    assert named(gateway) == ["the fast path's pins are lost"]
    with pytest.raises(FastPathError, match="lost"):
        gateway.do("look")
    with monkeypatch.context() as patch:

        def refuse(*_: object) -> None:
            raise FastPathError("no")

        patch.setattr(carrier, "load", refuse)
        with pytest.raises(FastPathError, match="no"):
            gateway.do("prepare")
        assert programs("uplink") == programs("ins-1") == []
    gateway.do("prepare", "carry", "look")
    assert found(gateway) == []


def test_a_fast_path_that_nobody_loads_again_is_told_of(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.fastpath.inventory.AGAIN_WITHIN_S", 0.1)
    gateway.publish(1)
    gateway.do("prepare", "carry", "retire")
    assert named(gateway) == ["the fast path carries nothing"]
    (told,) = mend(lambda: found(gateway), rounds=1).failed
    assert told.endswith("can't be mended: no supervisor has loaded it again")

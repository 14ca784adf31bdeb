"""What the early drop's publisher asks of the kernel, which is stood in for by two sets."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control.errors import AdapterError
from gateway.lab.topology import Topology
from gateway.site.early_drop import EarlyDrop
from gateway.site.site import Site
from gateway.steering import early
from gateway.steering.early import Place
from gateway.steering.kernel import SteeringError


class Kernel:
    """What the kernel has been told: the places of addresses, and how it was told."""

    def __init__(self) -> None:
        self.places: dict[int, Place] = {}
        self.at: int | None = None
        self.asked: list[str] = []
        self.refuses: Exception | None = None

    def fill(self, _pool: Sequence[str], places: Mapping[int, Place], generation: int) -> None:
        self._ask("fill")
        self.places = dict(places)
        self.at = generation

    def change(self, changes: Mapping[int, Place | None], before: int, generation: int) -> None:
        self._ask(f"change {len(changes)}")
        assert self.at == before
        for address, place in changes.items():
            self.places.pop(address, None)
            if place:
                self.places[address] = place
        self.at = generation

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.refuses:
            raise self.refuses


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A kernel in which every namespace is."""
    made = Kernel()

    @contextmanager
    def inside(_: Site) -> Iterator[None]:
        yield

    monkeypatch.setattr(Site, "inside", inside)
    monkeypatch.setattr(early, "fill", made.fill)
    monkeypatch.setattr(early, "change", made.change)
    monkeypatch.setattr(early, "generation", lambda: made.at)
    return made


@pytest.fixture
def story() -> Story:
    return Story(quarantine_s=0.0)


@pytest.fixture
def publisher(kernel: Kernel, story: Story) -> EarlyDrop:
    """One that has put the state of a running instance in force."""
    story.run()
    made = EarlyDrop(Topology().site)
    publish(made, story)
    assert kernel.asked == ["fill"]
    return made


def publish(publisher: EarlyDrop, story: Story) -> None:
    publisher.take_in(story.state)
    publisher.put_in_force(story.state.sequence)
    assert publisher.acknowledged() == story.state.sequence


def expected(story: Story) -> dict[int, Place]:
    """By the state alone: what a publisher that begins now would say."""
    fresh = EarlyDrop(Topology().site)
    fresh.take_in(story.state)
    return dict(fresh._held.values())


def public(story: Story, instance_id: str) -> str:
    address = story.state.public_ip(story.state.instances[instance_id])
    assert address
    return address


def test_a_change_is_what_has_changed(publisher: EarlyDrop, kernel: Kernel, story: Story) -> None:
    second = story.run()
    publish(publisher, story)
    address = public(story, second)
    story.do(cmd.BlockAddress(address, 60))
    publish(publisher, story)
    assert kernel.places[int(IPv4Address(address))] is Place.BLOCKED
    story.do(cmd.OpenAddress(address))
    publish(publisher, story)
    assert kernel.places[int(IPv4Address(address))] is Place.OPEN
    story.do(cmd.TerminateInstance(second))
    publish(publisher, story)
    assert int(IPv4Address(address)) not in kernel.places
    assert len(kernel.places) == 1
    assert kernel.asked == ["fill", *["change 1"] * 4]
    assert kernel.places == expected(story)


def test_an_address_that_moves_stays_open(
    publisher: EarlyDrop, kernel: Kernel, story: Story
) -> None:
    first, second = story.run(), story.run()
    story.do(cmd.AllocateEip("front", 5, HOURLY))
    (eip_id,) = story.state.eips
    for instance_id in (first, second, first):
        if story.state.eips[eip_id].instance_id:
            story.do(cmd.UnbindEip(eip_id))
        story.do(cmd.BindEip(eip_id, instance_id))
        publish(publisher, story)
        assert kernel.places[int(IPv4Address(story.state.eips[eip_id].address))] is Place.OPEN
        assert kernel.places == expected(story)


@pytest.mark.parametrize("refusal", [OSError("full"), SteeringError("nft: no")])
def test_after_a_failure_it_begins_anew(
    publisher: EarlyDrop, kernel: Kernel, story: Story, refusal: Exception
) -> None:
    story.run()
    kernel.refuses = refusal
    for _ in range(2):
        with pytest.raises(AdapterError, match="the early drop can't follow: "):
            publish(publisher, story)
    kernel.refuses = None
    publish(publisher, story)
    assert kernel.asked == ["fill", "change 1", "fill", "fill"]
    assert kernel.places == expected(story)


def test_what_is_lost_is_filled_again(publisher: EarlyDrop, kernel: Kernel, story: Story) -> None:
    kernel.at = None
    assert [publisher.acknowledged() for _ in range(2)] == [0, 0], "it is asked twice"
    publish(publisher, story)
    assert kernel.asked == ["fill", "fill"]


def test_before_anything_nothing_is_dropped_early(kernel: Kernel) -> None:
    """As if each generation were in force; what another control has left is what it says."""
    publisher = EarlyDrop(Topology().site)
    assert publisher.acknowledged() == early.GENERATIONS
    kernel.at = 7
    assert publisher.acknowledged() == 7

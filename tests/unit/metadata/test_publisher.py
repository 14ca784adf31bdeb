"""What the metadata service is told follows the state, whatever fails meanwhile."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.world import World

from gateway.api.temporary import PERIOD_S, RoleKeys
from gateway.app.instance_facts import facts_of
from gateway.control import commands as cmd
from gateway.control.errors import AdapterError
from gateway.lab.topology import Topology
from gateway.metadata import feed as feeds
from gateway.metadata import publisher
from gateway.metadata.facts import Facts
from gateway.metadata.feed import Feed
from gateway.metadata.publisher import FactsPublisher


class Service:
    """A world whose control publishes to a feed, and what the service reads there."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_700_000_000.0
        self.keys = RoleKeys(bytes(32), lambda: self.now)
        self.feed = Feed(folder)
        self.feed.open(0)
        self.publisher = self.fresh()
        self.world = World(more=[self.publisher])

    def fresh(self) -> FactsPublisher:
        return FactsPublisher(self.feed, facts_of(Topology(), self.keys), self.keys.period)

    def of(self, instance_id: str) -> Facts | None:
        return self.feed.get(self.world.instance(instance_id).private_ip)

    def known(self) -> set[str]:
        found = (self.feed.get(address) for address in self.feed.addresses())
        return {facts.instance_id for facts in found if facts}

    def publish(self, one: FactsPublisher) -> None:
        with self.world.control.state() as state:
            one.take_in(state)
            generation = state.sequence
        one.put_in_force(generation)

    def give_role(self, instance_id: str) -> None:
        self.world.execute(cmd.ChangeInstancesAttributes((instance_id,), role="reader"))


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(publisher, "LOOK_S", 0.0)
    made = Service(tmp_path / "facts")
    with closing(made.world):
        yield made


def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes nothing more."""

    def fail(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(feeds, "replace_text", fail)


def test_an_instance_is_known_as_long_as_it_is_there(service: Service) -> None:
    first, second = service.world.run(), service.world.run()
    assert service.known() == {first, second}
    found = service.of(first)
    assert found
    assert found.public_ipv4
    service.world.execute(cmd.TerminateInstance(first))
    assert service.known() == {second}


def test_a_change_is_told(service: Service) -> None:
    instance_id = service.world.run()
    service.world.execute(cmd.ChangeInstancesAttributes((instance_id,), host_name="db"))
    found = service.of(instance_id)
    assert found
    assert found.host_name == "db"


def test_what_a_control_before_left_is_removed(service: Service) -> None:
    known = service.world.run()
    stranger = service.of(known)
    assert stranger
    (service.feed._folder / "10.9.9.9").write_text("{}")
    service.publish(service.fresh())
    assert list(service.feed.addresses()) == [stranger.local_ipv4]


def test_what_could_not_be_written_is_written_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = service.world.run()
    one, before = service.publisher, service.publisher.acknowledged()
    with monkeypatch.context() as patch:
        full(patch)
        with pytest.raises(AdapterError, match="No space left"):
            service.world.run()
    assert service.known() == {kept}
    assert one.acknowledged() == before
    service.publish(one)
    with service.world.control.state() as state:
        assert service.known() == set(state.instances) > {kept}
        assert one.acknowledged() == state.sequence > before


def test_credentials_are_renewed_with_the_period(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_role, without = service.world.run(), service.world.run()
    service.give_role(with_role)
    before = service.of(with_role)
    assert before
    assert before.credentials == service.keys.of(service.world.instance(with_role))
    service.publisher.renew(threading.Event())
    assert service.of(with_role) == before
    service.now += PERIOD_S
    with monkeypatch.context() as patch:
        full(patch)
        service.publisher.renew(threading.Event())
    assert service.of(with_role) == before, "it failed"
    service.publisher.renew(threading.Event())
    after = service.of(with_role)
    assert after
    assert after.credentials == service.keys.of(service.world.instance(with_role))
    assert after != before
    assert service.of(without)


def test_the_end_of_control_is_not_kept_waiting(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LOOK_S", 600.0)
    ending = threading.Event()
    ending.set()
    service.now += PERIOD_S
    service.publisher.renew(ending)

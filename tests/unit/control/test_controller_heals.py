"""What a failure left undone is done by the next command, and stands in nobody's way until then."""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.api import call
from support.faults import Trouble
from support.story import HOURLY
from support.world import World

from gateway.api.errors import ApiError
from gateway.control import commands as cmd
from gateway.control.errors import AdapterError, DomainError
from gateway.control.state.pool import Pool
from gateway.store.records import Record


def test_a_table_that_was_late_is_put_in_force_by_the_next_command_even_a_refused_one(
    world: World,
) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    world.faults.break_("put_in_force")
    with pytest.raises(AdapterError):
        world.execute(cmd.BindEip(eip_id, instance_id))
    world.faults.mend()
    with pytest.raises(DomainError):
        world.execute(cmd.BindEip(eip_id, instance_id))
    world.assert_table_is_the_states()


def test_an_append_that_was_recorded_but_reported_as_failed_is_taken_in(world: World) -> None:
    world.faults.plan(Trouble.FAILS_LATE, 1)
    with pytest.raises(AdapterError):
        world.allocate()
    world.allocate()
    with world.control.state() as state:
        assert len(state.eips) == 2


def test_a_clock_that_is_set_back_holds_no_address_back(world: World) -> None:
    eips = [world.allocate() for _ in range(14)]
    world.now += 86400
    world.execute(cmd.ReleaseEip(eips[0]))
    world.now -= 86400
    world.execute(cmd.ReleaseEip(eips[1]))
    world.now += 600
    world.allocate()
    world.allocate()


@pytest.mark.parametrize("action", ["TerminateInstances", "StopInstances", "RebootInstances"])
def test_a_batch_with_an_unknown_id_changes_nothing(world: World, action: str) -> None:
    instance_id = world.run()
    before = world.records()
    with pytest.raises(ApiError):
        call(world, action, {"InstanceIds": [instance_id, "ins-nowhere0"]})
    assert world.records() == before


def test_an_id_given_twice_counts_once(world: World) -> None:
    instance_id = world.run()
    call(world, "StopInstances", {"InstanceIds": [instance_id, instance_id]})
    eip_id = world.allocate()
    call(world, "ReleaseAddresses", {"AddressIds": [eip_id, eip_id]})
    world.assert_settled()


def newer_word(world: World, instance_id: str) -> Record:
    body = f'{{"instance_id":"{instance_id}","state":"SHUTDOWN","why":""}}'
    return Record(len(world.records()) + 1, 1.0, "InstanceStateChanged", body)


def stranger(world: World, _instance_id: str) -> Record:
    return Record(len(world.records()) + 1, 1.0, "InstanceGone", '{"instance_id":"ins-x"}')


@pytest.mark.parametrize("record", [newer_word, stranger])
def test_an_event_that_cant_be_taken_in_is_one_clear_line(
    world: World, record: Callable[[World, str], Record]
) -> None:
    instance_id = world.run()
    world.write(record(world, instance_id))
    with pytest.raises(AdapterError, match="damaged, or written by a newer tgw"):
        world.restart()


def test_a_gap_in_the_log_is_found_at_the_start(world: World, tmp_path: Path) -> None:
    world.allocate()
    world.allocate()
    with closing(sqlite3.connect(tmp_path / "log")) as database, database:
        database.execute("DELETE FROM event WHERE sequence = 2")
    with pytest.raises(AdapterError, match="event 2 is missing"):
        world.restart()


def test_a_machine_that_failed_at_a_restart_is_made_by_the_next_command(world: World) -> None:
    instance_id = world.run()
    world.hosts.up = {}
    world.faults.break_("connect")
    world.restart()
    world.faults.mend()
    world.allocate()
    assert world.hosts.up == {instance_id: True}


def test_a_leftover_that_cant_be_removed_keeps_no_instance_from_being_served(world: World) -> None:
    instance_id = world.run()
    world.hosts.up = {}
    world.faults.break_("remove_others")
    world.restart()
    assert world.hosts.up == {instance_id: True}


def test_readers_are_answered_while_a_machine_is_being_built(world: World) -> None:
    answers: list[Mapping[str, Any]] = []

    def look() -> None:
        reader = threading.Thread(
            target=lambda: answers.append(call(world, "DescribeInstances", {}))
        )
        reader.start()
        reader.join(5)
        assert answers

    world.hosts.while_connecting = look
    world.run()
    assert answers[0]["InstanceSet"][0]["InstanceState"] == "PENDING"


def test_an_instance_that_hangs_costs_every_later_command_one_try(world: World) -> None:
    instance_id = world.run()
    world.faults.break_("remove")
    with pytest.raises(AdapterError):
        world.execute(cmd.TerminateInstance(instance_id))
    before = len(world.faults.calls)
    world.execute(cmd.AllocateEip("x", 1, HOURLY))
    assert world.faults.calls[before:].count("remove") == 1


@pytest.mark.parametrize("address", ["198.51.100.1", "203.0.113.1"])
def test_a_pool_takes_back_only_what_it_gave(address: str) -> None:
    with pytest.raises(AssertionError):
        Pool("203.0.113.0/30", quarantine_s=0).give_back(address, 0)

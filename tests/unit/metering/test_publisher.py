"""Who holds each public address, as control tells the meter."""

from pathlib import Path

import pytest
from support.story import HOURLY, Story
from support.world import World

from gateway.control import commands as cmd
from gateway.control.errors import AdapterError
from gateway.control.values import ChargeType
from gateway.exchange.worker_page import WorkerPage
from gateway.metering.publisher import Roster, holder_of
from gateway.metering.values import Holder
from gateway.nat.tally import Tally


def held(story: Story) -> dict[int, Holder]:
    """Worked out from nothing."""
    found = (holder_of(story.state, one) for one in story.state.instances.values())
    return {holder.slot: holder for holder in found if holder}


def test_an_instance_holds_the_address_that_stands_for_it() -> None:
    story = Story()
    silent, web = story.run(0), story.run(10)
    assert holder_of(story.state, story.instance(silent)) is None
    ordinary = story.instance(web).ordinary
    assert ordinary
    assert holder_of(story.state, story.instance(web)) == Holder(
        0, ordinary.address, ordinary.address_id, web, HOURLY.value
    )
    eip_id = story.bound(web)
    story.do(cmd.ChangeEipChargeType(eip_id, ChargeType.BANDWIDTH_POSTPAID_BY_HOUR, 7))
    assert holder_of(story.state, story.instance(web)) == Holder(
        1, story.eip(eip_id).address, eip_id, web, "BANDWIDTH_POSTPAID_BY_HOUR"
    )


def test_the_changes_add_up_to_who_holds_what() -> None:
    story, known = Story(), {5: None}
    roster = Roster(known)
    seen: dict[int, Holder | None] = {}

    def follow() -> dict[int, Holder | None]:
        changes = roster.changes(story.state)
        seen.update(changes)
        assert {slot: one for slot, one in seen.items() if one} == held(story)
        return changes

    assert follow() == {5: None}, "what was held before, and isn't any more, is told at first"
    first, second = story.run(), story.run()
    follow()
    eip_id = story.bound(first)
    follow()
    story.do(cmd.BindEip(eip_id, second))
    assert {slot for slot, one in follow().items() if one} == {
        slot for slot, one in held(story).items() if one.instance_id in (first, second)
    }
    story.stop(second)
    follow()
    story.do(cmd.UnbindEip(eip_id))
    story.terminate(first)
    follow()
    assert follow() == {}


def test_who_is_too_far_behind_looks_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.control.state.touches.TOUCHED_MAX", 1)
    story = Story()
    roster = Roster(())
    web, gone = story.run(), story.run()
    roster.changes(story.state)
    story.terminate(gone)
    story.bound(web)
    story.run()
    changes = roster.changes(story.state)
    assert {slot: one for slot, one in changes.items() if one} == held(story)
    assert {slot for slot, one in changes.items() if one is None} == {0, 1}


@pytest.fixture
def metered(tmp_path: Path) -> World:
    """A world with a directory for workers' pages."""
    made = World(tmp_path)
    made.pages.mkdir()
    return made


def billed(world: World) -> dict[str | None, int]:
    """Bytes sent, by instance."""
    found: dict[str | None, int] = {}
    for usage in world.meter.usages():
        name = usage.holder.instance_id
        found[name] = found.get(name, 0) + usage.traffic.bytes_out
    return found


def test_an_eip_that_moves_takes_its_bill_with_it(metered: World) -> None:
    with WorkerPage(metered.pages, 0) as page:
        page.hold(16)

        def send(slot: int, length: int) -> None:
            Tally(page.memory).count(0, slot, -1, length)

        first, second = metered.run(), metered.run()
        eip_id = metered.allocate()
        slot = 2
        metered.execute(cmd.BindEip(eip_id, first))
        send(slot, 100)
        metered.execute(cmd.BindEip(eip_id, second))
        send(slot, 20)
        metered.restart()
        send(slot, 3)
        metered.execute(cmd.UnbindEip(eip_id))
        assert billed(metered) == {first: 100, second: 23}
    metered.close()


def test_a_table_that_isnt_published_changes_no_hands(metered: World) -> None:
    with WorkerPage(metered.pages, 0) as page:
        page.hold(16)
        first, second = metered.run(), metered.run()
        eip_id = metered.allocate()
        metered.execute(cmd.BindEip(eip_id, first))
        metered.faults.break_("put_in_force")
        with pytest.raises(AdapterError):
            metered.execute(cmd.BindEip(eip_id, second))
        Tally(page.memory).count(0, 2, -1, 100)
        metered.faults.mend()
        metered.execute(cmd.RenameEip(eip_id, "x"))
        Tally(page.memory).count(0, 2, -1, 20)
        assert billed(metered) == {first: 100, second: 20}
    metered.close()


def test_nothing_of_the_meter_keeps_control_from_publishing(
    metered: World, caplog: pytest.LogCaptureFixture
) -> None:
    metered.pages.rmdir()
    metered.pages.touch()
    web = metered.run()
    assert metered.tables.mappings[metered.public(web) or ""]
    assert "traffic isn't metered" in caplog.text
    metered.close()

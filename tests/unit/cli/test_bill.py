"""tgw bill against a real control, over its socket."""

import json
import re

from support.world import World

from .conftest import Tgw

TITLES = "ADDRESS ID INSTANCE CHARGE TYPE HOURS BYTES OUT BYTES IN"


def table(text: str) -> list[str]:
    """The lines of a table, with one blank between cells and the ids masked."""
    return [
        re.sub(r"\b(ins|eip)-\w{8}\b", r"\1", " ".join(one.split())) for one in text.splitlines()
    ]


def story(tgw: Tgw, world: World) -> str:
    """An instance whose EIP was idle for an hour and is bound for two; its id."""
    tgw("eip", "allocate", "--name", "front")
    world.now += 3600
    instance_id = tgw("instance", "run", "--name", "web").out.split()[-6]
    tgw("eip", "bind", "front", "web")
    world.now += 7200
    return instance_id


def test_it_shows_hours_and_bytes_and_the_idle_time_of_eips(tgw: Tgw, world: World) -> None:
    story(tgw, world)
    done = tgw("bill")
    assert (done.status, done.err) == (0, "")
    assert table(done.out) == [
        TITLES,
        "203.0.113.1 eip ins TRAFFIC_POSTPAID_BY_HOUR 2.000 0 0",
        "203.0.113.1 eip - IDLE 1.000 0 0",
    ]


def test_it_shows_one_instance_by_name_or_by_an_id_that_is_gone(tgw: Tgw, world: World) -> None:
    instance_id = story(tgw, world)
    assert len(table(tgw("bill", "--instance", "web").out)) == 3
    tgw("instance", "terminate", "web")
    assert table(tgw("bill", "--instance", instance_id).out)[1:] == [
        "203.0.113.1 eip ins TRAFFIC_POSTPAID_BY_HOUR 2.000 0 0"
    ]
    assert tgw("bill", "--instance", "web").status == 1
    assert tgw("bill", "--instance", "ins-nobody").status == 1


def test_without_traffic_no_hour_has_any(tgw: Tgw, world: World) -> None:
    story(tgw, world)
    assert table(tgw("bill", "--hourly").out) == [f"HOUR {TITLES}"]


def test_json_is_what_control_says(tgw: Tgw, world: World) -> None:
    instance_id = story(tgw, world)
    found = json.loads(tgw("bill", "--json").out)
    assert [one["InstanceId"] for one in found["UsageSet"]] == [instance_id]
    assert [one["IdleSeconds"] for one in found["EipSet"]] == [3600]

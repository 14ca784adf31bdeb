"""instance and eip against a real control, over its socket; only the machines are none."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.story import HOURLY
from support.world import World

from gateway.api.client import Client
from gateway.control import commands as cmd
from gateway.site.places import Places

from .conftest import Done, Tgw


def rows(done: Done) -> list[dict[str, str]]:
    """A printed table: its titles and the words under them."""
    assert (done.status, done.err) == (0, "")
    titles, *lines = (line.split() for line in done.out.splitlines())
    return [dict(zip(titles, line, strict=True)) for line in lines]


def facts(done: Done) -> Any:
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def run(tgw: Tgw, name: str, bandwidth: int = 0) -> dict[str, str]:
    (row,) = rows(tgw("instance", "run", "--name", name, "--bandwidth", str(bandwidth)))
    return row


def allocate(tgw: Tgw, name: str) -> dict[str, str]:
    (row,) = rows(tgw("eip", "allocate", "--name", name))
    return row


def test_an_instance_that_runs_is_shown(tgw: Tgw, world: World) -> None:
    row = run(tgw, "web", 5)
    assert re.fullmatch("ins-[0-9a-z]+", row.pop("INSTANCE"))
    assert row.pop("PUBLIC").startswith("203.0.113.")
    assert row.pop("PRIVATE").startswith("10.0.0.")
    assert row == {"NAME": "web", "STATE": "RUNNING", "MBPS": "5"}


def test_without_bandwidth_an_instance_has_no_public_address(tgw: Tgw, world: World) -> None:
    assert run(tgw, "web")["PUBLIC"] == "-"


def test_a_list_has_every_instance_and_show_has_one(tgw: Tgw, world: World) -> None:
    both = [run(tgw, "web"), run(tgw, "db")]
    assert rows(tgw("instance", "list")) == both
    assert rows(tgw("instance", "show", "db")) == both[1:]
    assert rows(tgw("instance", "show", both[0]["INSTANCE"])) == both[:1]


def test_a_list_of_several_pages_is_whole(tgw: Tgw, world: World) -> None:
    for _ in range(2):
        world.execute(cmd.RunInstance("web", 0, HOURLY, count=100))
    last = run(tgw, "last")
    found = rows(tgw("instance", "list"))
    assert found[-1] == last
    assert len({row["INSTANCE"] for row in found}) == 201
    assert facts(tgw("instance", "list", "--json"))["TotalCount"] == 201
    assert rows(tgw("instance", "show", "last")) == [last]


def test_a_list_of_nothing_has_its_titles(tgw: Tgw, world: World) -> None:
    assert tgw("instance", "list").out == "INSTANCE  NAME  STATE  PRIVATE  PUBLIC  MBPS\n"
    assert tgw("eip", "list").out == "EIP  NAME  ADDRESS  STATUS  INSTANCE  MBPS\n"


def test_an_instance_is_what_was_asked_for(tgw: Tgw, world: World, tmp_path: Path) -> None:
    file = tmp_path / "user-data"
    file.write_bytes(b"#!/bin/sh\n\xff")
    shown = facts(
        tgw(
            "instance", "run", "--type", "S5.LARGE8", "--image", "img-487zeit5",
            "--hostname", "www", "--user-data", str(file), "--role", "reader", "--json",
        )
    )  # fmt: skip
    bought = world.instance(shown["InstanceId"]).purchase
    assert base64.b64decode(bought.attributes.user_data) == b"#!/bin/sh\n\xff"
    assert (bought.instance_type, bought.image_id) == ("S5.LARGE8", "img-487zeit5")
    assert (bought.attributes.host_name, bought.attributes.role) == ("www", "reader")
    assert shown["CPU"] == 4


@pytest.mark.parametrize(
    ("verb", "state"),
    [("stop", "STOPPED"), ("reboot", "RUNNING"), ("terminate", "gone")],
)
def test_a_verb_says_what_became_of_the_instance(
    tgw: Tgw, world: World, verb: str, state: str
) -> None:
    instance_id = run(tgw, "web")["INSTANCE"]
    assert tgw("instance", verb, "web") == (0, f"{instance_id} is {state}\n", "")


def test_a_stopped_instance_starts_again(tgw: Tgw, world: World) -> None:
    instance_id = run(tgw, "web")["INSTANCE"]
    tgw("instance", "stop", "web")
    assert tgw("instance", "start", "web").out == f"{instance_id} is RUNNING\n"


def test_an_eip_is_allocated_bound_moved_unbound_and_released(tgw: Tgw, world: World) -> None:
    first, second = run(tgw, "web")["INSTANCE"], run(tgw, "db")["INSTANCE"]
    eip = allocate(tgw, "front")
    assert (eip["STATUS"], eip["INSTANCE"], eip["MBPS"]) == ("UNBIND", "-", "1")
    for word, name, expected in (("front", "web", first), (eip["ADDRESS"], "db", second)):
        (row,) = rows(tgw("eip", "bind", word, name))
        assert (row["STATUS"], row["INSTANCE"]) == ("BIND", expected)
        assert rows(tgw("instance", "show", name))[0]["PUBLIC"] == eip["ADDRESS"]
    assert rows(tgw("instance", "show", "web"))[0]["PUBLIC"] == "-"
    assert rows(tgw("eip", "unbind", eip["EIP"])) == [eip]
    assert tgw("eip", "release", "front") == (0, f"{eip['EIP']} is released\n", "")
    assert rows(tgw("eip", "list")) == []


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("instance", "list"), "InstanceSet"),
        (("instance", "show", "web"), "InstanceId"),
        (("instance", "stop", "web"), "InstanceId"),
        (("eip", "list"), "AddressSet"),
        (("eip", "bind", "front", "web"), "AddressId"),
    ],
    ids=" ".join,
)
def test_json_is_what_the_cloud_calls_it(
    tgw: Tgw, world: World, words: tuple[str, ...], key: str
) -> None:
    run(tgw, "web")
    allocate(tgw, "front")
    found = facts(tgw(*words, "--json"))
    assert found[key]
    assert "RequestId" not in found


REFUSED = [
    pytest.param(["instance", "show", "x"], 1, "no instance 'x': 'tgw instance list' shows",
                 id="unknown-instance"),
    pytest.param(["eip", "unbind", "x"], 1, "no EIP 'x': 'tgw eip list' shows", id="unknown-eip"),
    pytest.param(["eip", "bind", "front", "x"], 1, "no instance 'x'", id="bind-to-nobody"),
    pytest.param(["eip", "release", "eip-nowhere0"], 1, "(InvalidAddressId.NotFound)", id="eip-id"),
    pytest.param(["eip", "unbind", "front"], 1, "AddressStatusNotPermit)", id="not-bound"),
    pytest.param(["instance", "start", "web"], 1, "(UnsupportedOperation.", id="runs-already"),
    pytest.param(["instance", "run", "--bandwidth", "-1"], 2, "InvalidParameter", id="negative"),
    pytest.param(["instance", "run", "--type", "S5.HUGE"], 2, "no instance type", id="type"),
    pytest.param(["instance", "run", "--image", "debian"], 2, "(InvalidImageId.Mal", id="image"),
    pytest.param(["instance", "run", "--role", "a b"], 2, "no role's name", id="role"),
    pytest.param(["instance", "run", "--user-data", "/nowhere"], 2, "No such file", id="no-file"),
    pytest.param(["instance", "run", "--user-data", "/dev"], 2, "/dev: Is a dir", id="no-content"),
    pytest.param(["instance", "run", "--name", "x" * 500], 2, "InvalidInstanceN", id="long-name"),
    pytest.param(["eip", "allocate", "--bandwidth", "9999"], 2, "InvalidParameterV", id="too-fast"),
    pytest.param(["exec", "nobody", "--", "true"], 1, "no instance 'nobody'", id="exec-nobody"),
    pytest.param(["exec", "web"], 2, "say what to run", id="exec-nothing"),
    pytest.param(["exec", "web", "--"], 2, "say what to run", id="exec-dashes-and-nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status", "part"), REFUSED)
def test_what_is_refused_is_one_line_and_its_status(
    tgw: Tgw, world: World, words: list[str], status: int, part: str
) -> None:
    run(tgw, "web")
    allocate(tgw, "front")
    before = tgw("instance", "list").out, tgw("eip", "list").out
    done = tgw(*words)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert part in done.err
    assert (tgw("instance", "list").out, tgw("eip", "list").out) == before


def test_what_comes_to_nothing_is_one_line(tgw: Tgw, world: World) -> None:
    world.faults.break_("connect")
    done = tgw("instance", "run", "--name", "web")
    assert (done.status, done.out) == (1, "")
    assert re.fullmatch(r"tgw: ins-\w+ can't be launched: connect failed\n", done.err)


def test_a_name_that_two_have_needs_an_id(tgw: Tgw, world: World) -> None:
    ids = [run(tgw, "web")["INSTANCE"] for _ in range(2)]
    done = tgw("instance", "stop", "web")
    assert done.status == 1
    assert f"2 instances are called 'web': use an id ({', '.join(ids)})" in done.err


def test_an_ordinary_address_is_told_from_an_eip(tgw: Tgw, world: World) -> None:
    row = run(tgw, "web", 5)
    for verb in ("unbind", "release"):
        done = tgw("eip", verb, row["PUBLIC"])
        assert done.status == 1
        assert f"{row['PUBLIC']} is the ordinary public IP of {row['INSTANCE']}" in done.err


CALLS = [["instance", "list"], ["eip", "list"], ["instance", "run"], ["eip", "bind", "a", "b"]]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_a_lab_that_is_not_up_is_said_so(tgw: Tgw, root: None, words: list[str]) -> None:
    assert tgw(*words) == (1, "", "tgw: lab edge is not up: 'tgw lab up' builds it\n")


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_a_control_that_does_not_answer_is_said_so(
    tgw: Tgw, root: None, up: Places, words: list[str]
) -> None:
    done = tgw(*words)
    assert (done.status, done.out) == (1, "")
    assert re.fullmatch(
        r"tgw: control of lab edge doesn't answer \(.+\): 'tgw lab up' .+\n", done.err
    )


def test_a_thing_is_found_without_a_look_at_all_things(
    tgw: Tgw, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.execute(cmd.ConfigureAccount(eips_max=1000, applications_max=1000))
    world.execute(cmd.AllocateEip("other", 5, HOURLY, count=9))
    eip_id, instance_id = world.allocate("front"), world.run("web")
    package_id = facts(tgw("package", "create", "--name", "shared", "--json"))["BandwidthPackageId"]
    with world.control.state() as state:
        address = state.eips[eip_id].address
    told: list[int] = []
    call = Client.call

    def counted(self: Client, action: str, **parameters: object) -> dict[str, Any]:
        answer = call(self, action, **parameters)
        told.extend(len(things) for things in answer.values() if isinstance(things, list))
        return answer

    monkeypatch.setattr(Client, "call", counted)
    for word in (eip_id, address, "front"):
        assert tgw("eip", "modify", word, "--bandwidth", "6").status == 0
    for word in (instance_id, "web"):
        assert tgw("instance", "show", word).status == 0
    for word in (package_id, "shared"):
        assert tgw("package", "modify", word, "--bandwidth", "60").status == 0
    assert max(told) == 1
    assert len(told) < 20

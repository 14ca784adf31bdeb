import json
from collections.abc import Callable
from typing import Any

import pytest
from support.world import World

from gateway.api.client import NotDoneError
from gateway.api.errors import ApiError
from gateway.cli import show
from gateway.exchange import generations
from gateway.nat import table_file
from gateway.nat.table import Mapping, Package, build
from gateway.site.places import Places
from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore

from .conftest import Tgw

TABLE = build(7, 256, [Mapping(0xCB007109, 0x0A000002, 9), Mapping(0xCB007165, 0x0A000010, 101)])
RECORDS = [
    Record(1, 0.0, "eip-allocated", '{"eip_id": "eip-1", "name": "", "instance_id": null}'),
    Record(2, 86399.9, "eip-bound", '{"eip_id": "eip-1", "instance_id": "ins-1"}'),
    Record(3, 86400.0, "eip-renamed", '{"eip_id": "eip-1", "name": "网"}'),
]
LINES = [
    "     1  1970-01-01T00:00:00Z  eip-allocated         eip_id=eip-1",
    "     2  1970-01-01T23:59:59Z  eip-bound             eip_id=eip-1 instance_id=ins-1",
    "     3  1970-01-02T00:00:00Z  eip-renamed           eip_id=eip-1 name=网",
]


@pytest.fixture
def log(site: Places, root: None) -> None:
    store = SqliteStore(site.log)
    store.append(RECORDS)
    store.close()


def test_the_table_in_force(tgw: Tgw, up: Places) -> None:
    generations.publish(up.run, TABLE)
    assert tgw("table") == (
        0,
        "generation 7\n"
        "PUBLIC         PRIVATE    SLOT\n"
        "203.0.113.9    10.0.0.2   9\n"
        "203.0.113.101  10.0.0.16  101\n",
        "",
    )


def test_the_table_as_json(tgw: Tgw, up: Places) -> None:
    generations.publish(up.run, TABLE)
    assert json.loads(tgw("table", "--json").out) == {
        "generation": 7,
        "pools": [],
        "mappings": [
            {"public": "203.0.113.9", "private": "10.0.0.2", "slot": 9},
            {"public": "203.0.113.101", "private": "10.0.0.16", "slot": 101},
        ],
    }


def test_a_blocked_mapping_is_told_as_replay_takes_it(tgw: Tgw, up: Places) -> None:
    blocked = build(8, 256, [mapping._replace(blocked=True) for mapping in TABLE.mappings])
    generations.publish(up.run, blocked)
    told = tgw("table", "--json").out
    assert [mapping["blocked"] for mapping in json.loads(told)["mappings"]] == [True, True]
    assert table_file.parse(told.encode()).mappings == blocked.mappings


CHANGED = build(
    9,
    256,
    [Mapping(0xCB007109, 0x0A000003, 9, 5_000), Mapping(0xCB007102, 0x0A000010, 2, package=1)],
    [Package(1, 20_000)],
)


def test_what_the_last_change_changed(tgw: Tgw, up: Places) -> None:
    generations.publish(up.run, TABLE)
    generations.publish(up.run, CHANGED)
    assert tgw("table", "--diff") == (
        0,
        "generation 7 → 9\n"
        "+ public=203.0.113.2 private=10.0.0.16 slot=2 out_kbps=0 in_kbps=0 package=1"
        " blocked=False\n"
        "~ public=203.0.113.9 private=10.0.0.2→10.0.0.3 out_kbps=0→5000\n"
        "- public=203.0.113.101 private=10.0.0.16 slot=101 out_kbps=0 in_kbps=0 package=0"
        " blocked=False\n"
        "+ package=1 kbps=20000\n",
        "",
    )
    told = json.loads(tgw("table", "--diff", "--json").out)
    assert (told["before"], told["after"]) == (7, 9)
    assert [bool(change["before"]) for change in told["mappings"]] == [False, True, True]
    assert told["mappings"][1]["after"]["private"] == "10.0.0.3"
    assert told["packages"] == [{"before": None, "after": {"package": 1, "kbps": 20_000}}]


def test_after_the_first_publication_there_is_no_table_before(tgw: Tgw, up: Places) -> None:
    generations.publish(up.run, TABLE)
    code, out, error = tgw("table", "--diff")
    assert (code, out) == (1, "")
    assert error == "tgw: the table before generation 7 isn't there any more\n"


def test_before_a_publication_the_table_is_empty(tgw: Tgw, up: Places) -> None:
    assert tgw("table") == (0, "generation 0\nPUBLIC  PRIVATE  SLOT\n", "")


@pytest.mark.parametrize("command", ["table", "counters"])
def test_a_lab_that_is_not_up_has_nothing_to_show(tgw: Tgw, root: None, command: str) -> None:
    assert tgw(command) == (1, "", "tgw: lab edge is not up: 'tgw lab up' builds it\n")


def test_counters_of_a_lab_without_its_gateway_are_refused(
    tgw: Tgw, root: None, up: Places
) -> None:
    done = tgw("counters")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)


@pytest.mark.usefixtures("log")
def test_the_events(tgw: Tgw) -> None:
    assert tgw("events") == (0, "\n".join(LINES) + "\n", "")


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(("last", "first"), [(0, 3), (1, 2), (3, 0), (99, 0)])
def test_only_the_last_events(tgw: Tgw, last: int, first: int) -> None:
    assert tgw("events", "--last", str(last)).out.splitlines() == LINES[first:]


@pytest.mark.usefixtures("log")
def test_events_as_json_are_one_document_each(tgw: Tgw) -> None:
    found = [json.loads(line) for line in tgw("events", "--json").out.splitlines()]
    assert [event["sequence"] for event in found] == [1, 2, 3]
    assert found[1] == {
        "sequence": 2, "at": 86399.9, "kind": "eip-bound", "eip_id": "eip-1",
        "instance_id": "ins-1",
    }  # fmt: skip


def test_a_lab_without_a_log_has_no_events(tgw: Tgw, root: None, site: Places) -> None:
    assert tgw("events") == (1, "", f"tgw: no event log at {site.log}\n")


@pytest.mark.usefixtures("log")
def test_a_long_value_is_cut_for_people_and_whole_for_programs(tgw: Tgw, site: Places) -> None:
    store = SqliteStore(site.log)
    store.append([Record(4, 0.0, "x", json.dumps({"fits": "A" * 80, "long": "B" * 81}))])
    store.close()
    assert tgw("events", "--last", "1").out.endswith(f" fits={'A' * 80} long={'B' * 79}…\n")
    assert json.loads(tgw("events", "--last", "1", "--json").out)["long"] == "B" * 81


def test_control_tells_what_its_observer_sees(tgw: Tgw, world: World) -> None:
    told = json.loads(tgw("table", "--json").out)
    mapping = {"public": "203.0.113.3", "private": "10.0.0.3", "slot": 3, "blocked": True}
    assert told == {"generation": 1, "pools": [], "mappings": [mapping]}
    counted = json.loads(tgw("counters", "--json").out)
    traffic = {"packets_in": 1, "bytes_in": 2, "packets_out": 3, "bytes_out": 4}
    assert counted["addresses"] == {"203.0.113.3": traffic}
    assert counted["reasons"] == {"translated": 5}
    assert tgw("events").out == "     1  1970-01-01T00:00:01Z  told                  \n"


def pages(*answers: dict[str, Any] | ApiError) -> Callable[..., dict[str, Any]]:
    """Answers to one question after the other."""
    left = list(answers)

    def ask(_action: str, **_parameters: object) -> dict[str, Any]:
        answer = left.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    return ask


REPLACED = ApiError("ResourceNotFound", "the table of generation 1 is replaced")
FIRST: dict[str, Any] | ApiError = {"Generation": 1, "MappingSet": [], "NextSlot": 10}
LAST: dict[str, Any] = {
    "Generation": 2,
    "MappingSet": [{"PublicIp": "203.0.113.3"}],
    "NextSlot": None,
}


def test_a_table_that_is_replaced_is_read_again() -> None:
    assert show._table(pages(FIRST, REPLACED, LAST)) == (LAST, LAST["MappingSet"])
    with pytest.raises(NotDoneError):
        show._table(pages(*[FIRST, REPLACED] * show.TRIES))
    with pytest.raises(ApiError, match="other"):
        show._table(pages(FIRST, ApiError("InternalError", "other")))

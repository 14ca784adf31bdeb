"""group, group rule and the groups of instances, against a real control."""

import json
import re
import shlex
from pathlib import Path

import pytest
from support.world import World

from gateway.control import commands as cmd
from gateway.control.values import SECURITY_GROUP_ID as DEFAULT
from gateway.control.values import TemplateKind, TemplateMember

from .conftest import Done, Tgw

TEXT = (Path(__file__).parents[3] / "docs" / "security-groups.md").read_text()


def rows(done: Done) -> list[list[str]]:
    """The cells of a printed table, without its titles."""
    assert done.status == 0, done
    return [line.split() for line in done.out.splitlines()[1:]]


def made(tgw: Tgw, name: str, *words: str) -> str:
    """A security group; its id."""
    return str(
        json.loads(tgw("group", "create", "--name", name, *words, "--json").out)["SecurityGroupId"]
    )


def rules(tgw: Tgw, group: str) -> list[list[str]]:
    """Way, index, action, service and remote of each rule."""
    return [row[:5] for row in rows(tgw("group", "rule", "list", group))]


def test_a_group_is_created_listed_shown_cloned_and_deleted(tgw: Tgw, world: World) -> None:
    ((group_id, *rest),) = rows(tgw("group", "create", "--name", "web", "--description", "front"))
    assert rest == ["web", "0", "front"]
    assert rows(tgw("group", "list")) == [
        [DEFAULT, "default", "0", "admits", "all"],
        [group_id, "web", "0", "front"],
    ]
    assert json.loads(tgw("group", "list", "--json").out)["TotalCount"] == 2
    tgw("group", "rule", "add", "web", "tcp:80")
    shown = json.loads(tgw("group", "show", "web", "--json").out)
    assert (shown["SecurityGroupId"], shown["SecurityGroupPolicySet"]["Version"]) == (group_id, "2")
    assert "in   0      accept  tcp:80   any" in tgw("group", "show", group_id).out
    ((clone_id, name, *_),) = rows(tgw("group", "clone", "web", "--name", "copy"))
    assert name == "copy"
    assert rules(tgw, clone_id) == [["in", "0", "accept", "tcp:80", "any"]]
    assert tgw("group", "delete", "copy") == (0, f"{clone_id} is deleted\n", "")
    assert tgw("group", "delete", "web", "--json").out == "{}\n"


@pytest.mark.parametrize(
    ("admits", "found"),
    [
        ("nothing", []),
        (
            "common",
            ["in tcp:22", "in tcp:80,443", "in tcp:3389", "in icmp", "out all"],
        ),
        ("all", ["in all", "out all"]),
    ],
)
def test_what_a_group_admits_at_first_can_be_chosen(
    tgw: Tgw, world: World, admits: str, found: list[str]
) -> None:
    group_id = made(tgw, "web", "--admit", admits)
    assert [f"{row[0]} {row[3]}" for row in rules(tgw, group_id)] == found


def test_rules_are_added_moved_and_removed(tgw: Tgw, world: World) -> None:
    made(tgw, "web"), made(tgw, "db")
    add = ("group", "rule", "add")
    tgw(*add, "db", "tcp:5432", "--from", "web", "--description", "only the web servers")
    tgw(*add, "db", "udp:53", "--to", "192.0.2.53")
    tgw(*add, "db", "all", "--from", "198.51.100.0/24", "--drop", "--index", "0")
    web_id = json.loads(tgw("group", "show", "web", "--json").out)["SecurityGroupId"]
    assert rules(tgw, "db") == [
        ["in", "0", "drop", "all", "198.51.100.0/24"],
        ["in", "1", "accept", "tcp:5432", web_id],
        ["out", "0", "accept", "udp:53", "192.0.2.53"],
    ]
    tgw("group", "rule", "move", "db", "in", "0", "1")
    assert [row[3] for row in rules(tgw, "db")] == ["tcp:5432", "all", "udp:53"]
    left = json.loads(tgw("group", "rule", "remove", "db", "in", "0", "--json").out)
    assert [one["Protocol"] for one in left["Ingress"]] == ["ALL"]
    for place, why in (
        ("1", "is no place 1"),
        ("-1", "less than 0"),
        ("x", "no whole number"),
    ):
        refused = tgw("group", "rule", "remove", "db", "in", place)
        assert (refused.status, refused.err.count("\n")) == (2, 1)
        assert why in refused.err


def test_templates_are_named_by_their_ids(tgw: Tgw, world: World) -> None:
    made(tgw, "web")
    for kind, text in ((TemplateKind.ADDRESSES, "192.0.2.1"), (TemplateKind.SERVICES, "icmp")):
        world.execute(cmd.CreateTemplate(kind, "x", (TemplateMember(text),)))
    with world.control.state() as state:
        ipm, ppm = state.templates
    for kind, key in ((TemplateKind.ADDRESS_GROUP, ipm), (TemplateKind.SERVICE_GROUP, ppm)):
        world.execute(cmd.CreateTemplate(kind, "x", (TemplateMember(key),)))
    with world.control.state() as state:
        *_, ipmg, ppmg = state.templates
    tgw("group", "rule", "add", "web", ppm, "--from", ipm)
    tgw("group", "rule", "add", "web", ppmg, "--to", ipmg)
    assert [row[3:5] for row in rules(tgw, "web")] == [[ppm, ipm], [ppmg, ipmg]]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("tcp:70000",), "'70000' is no port"),
        (("icmp:80",), "ICMP has no ports"),
        (("tcp:90-80",), "ends before it begins"),
        (("sctp",), "'sctp' is none of TCP, UDP, ICMP, GRE, ALL"),
        (("tcp:80", "--from", "192.0.2.1/33"), "no group '192.0.2.1/33'"),
        (("tcp:80", "--from", "nowhere"), "no group 'nowhere'"),
        (("tcp:80", "--index", "7"), "there is no place 7"),
        (("tcp:80", "--from", "any", "--to", "any"), "not allowed with argument"),
        (("icmpv6",), "there is no ICMPv6"),
    ],
)
def test_a_mistake_gets_one_line(tgw: Tgw, world: World, words: tuple[str, ...], why: str) -> None:
    made(tgw, "web")
    before = world.records()
    done = tgw("group", "rule", "add", "web", *words)
    assert done.status in (1, 2)
    assert why in done.err
    assert (done.out, done.err.count("\n")) == ("", 1)
    assert world.records() == before


def test_a_rule_that_never_matches_gets_a_warning_that_names_what_hides_it(
    tgw: Tgw, world: World
) -> None:
    made(tgw, "web")
    assert tgw("group", "rule", "add", "web", "tcp:1-1000").err == ""
    done = tgw("group", "rule", "add", "web", "tcp:80", "--from", "192.0.2.1", "--drop")
    warning = "tgw: warning: rule in 1 never matches: rule in 0 before it takes all that it would\n"
    assert (done.status, done.err) == (0, warning)
    assert tgw("group", "show", "web").err == warning
    moved = tgw("group", "rule", "move", "web", "in", "1", "0", "--json")
    assert (moved.status, moved.err) == (0, "")


def test_an_instance_runs_in_groups_and_changes_them(tgw: Tgw, world: World) -> None:
    web, db = made(tgw, "web"), made(tgw, "db")

    def groups(done: Done) -> list[str]:
        assert done.status == 0, done
        return list(json.loads(done.out)["SecurityGroupIds"])

    assert groups(tgw("instance", "run", "--json")) == [DEFAULT]
    run = ("instance", "run", "--name", "shop", "--group", "db", "--group", web, "--json")
    assert groups(tgw(*run)) == [db, web]
    assert groups(tgw("instance", "modify", "shop", "--group", "web", "--json")) == [web]
    assert tgw("instance", "run", "--group", "nowhere").err.startswith("tgw: no group 'nowhere'")
    assert rows(tgw("group", "show", "web"))[0][2] == "1"
    refused = tgw("group", "delete", "web")
    assert (refused.status, refused.err.count("\n")) == (1, 1)


def test_the_documents_examples_run_and_say_what_it_shows(tgw: Tgw, world: World) -> None:
    examples = "".join(re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL))
    commands = examples.removeprefix("# tgw ").split("\n# tgw ")
    assert len(commands) > 15
    for example in commands:
        words, _, shown = example.partition("\n")
        done = tgw(*shlex.split(words))
        assert done.status == 0, (words, done)
        if shown.strip():
            told = done.err if shown.startswith("tgw: ") else done.out
            assert told.strip() == shown.strip(), words

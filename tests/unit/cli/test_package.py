"""package, and the verbs that change what is in use, against a real control."""

import json

import pytest
from support.world import World

from gateway.control import commands as cmd
from gateway.control.values import Behaviour

from .conftest import Done, Tgw


def row(done: Done) -> dict[str, str]:
    """The only row of a printed table."""
    assert (done.status, done.err) == (0, "")
    titles, line = (one.split() for one in done.out.splitlines())
    return dict(zip(titles, line, strict=True))


def test_a_package_is_created_changed_listed_and_deleted(tgw: Tgw, world: World) -> None:
    made = row(tgw("package", "create", "--name", "shared", "--bandwidth", "100"))
    package_id = made.pop("PACKAGE")
    assert made == {"NAME": "shared", "MBPS": "100", "MEMBERS": "-"}
    changed = row(tgw("package", "modify", "shared", "--bandwidth", "50", "--name", "ours"))
    assert (changed["NAME"], changed["MBPS"]) == ("ours", "50")
    words = ("--bandwidth", "unlimited", "--charge-type", "BANDWIDTH_POSTPAID_BY_DAY")
    shown = json.loads(tgw("package", "modify", package_id, *words, "--json").out)
    assert (shown["Bandwidth"], shown["ChargeType"]) == (-1, "BANDWIDTH_POSTPAID_BY_DAY")
    assert row(tgw("package", "list"))["MBPS"] == "unlimited"
    assert json.loads(tgw("package", "list", "--json").out)["TotalCount"] == 1
    assert tgw("package", "delete", "ours") == (0, f"{package_id} is deleted\n", "")
    assert tgw("package", "list").out == "PACKAGE  NAME  MBPS  MEMBERS\n"


def test_a_package_is_unlimited_unless_told(tgw: Tgw, world: World) -> None:
    assert row(tgw("package", "create"))["MBPS"] == "unlimited"
    assert tgw("package", "delete", "unnamed", "--json").out == "{}\n"


def test_addresses_are_added_and_removed(tgw: Tgw, world: World) -> None:
    tgw("package", "create", "--name", "shared")
    first, second = world.allocate("a"), world.allocate("b")
    ordinary = world.instance(world.run()).ordinary
    assert ordinary
    joined = row(tgw("package", "add", "shared", "a", second, ordinary.address_id))
    assert joined["MEMBERS"] == "203.0.113.1,203.0.113.2,203.0.113.3"
    words = ("--charge-type", "BANDWIDTH_POSTPAID_BY_HOUR", "--bandwidth", "7")
    left = row(tgw("package", "remove", "shared", "203.0.113.1", *words))
    assert left["MEMBERS"] == "203.0.113.2,203.0.113.3"
    assert tgw("package", "remove", "shared", "b", ordinary.address_id).status == 0
    with world.control.state() as state:
        eip = state.eips[first]
        assert (eip.bandwidth_mbps, eip.charge_type) == (7, "BANDWIDTH_POSTPAID_BY_HOUR")
        assert state.eips[second].bandwidth_mbps == 5
    assert tgw("package", "delete", "shared").status == 0


def test_an_eip_is_changed_while_it_is_in_use(tgw: Tgw, world: World) -> None:
    eip_id = world.allocate("shop")
    world.execute(cmd.BindEip(eip_id, world.run()))
    assert row(tgw("eip", "modify", "shop", "--bandwidth", "20"))["MBPS"] == "20"
    words = ("--charge-type", "BANDWIDTH_POSTPAID_BY_HOUR", "--name", "front")
    shown = json.loads(tgw("eip", "modify", "shop", *words, "--json").out)
    assert (shown["Bandwidth"], shown["AddressName"]) == (20, "front")
    assert shown["InternetChargeType"] == "BANDWIDTH_POSTPAID_BY_HOUR"
    words = ("--charge-type", "TRAFFIC_POSTPAID_BY_HOUR", "--bandwidth", "30")
    assert row(tgw("eip", "modify", "front", *words))["MBPS"] == "30"
    assert row(tgw("eip", "modify", eip_id, "--name", "back"))["NAME"] == "back"


def test_an_instance_is_changed_while_it_runs(tgw: Tgw, world: World) -> None:
    world.run("web")
    changed = row(tgw("instance", "modify", "web", "--bandwidth", "20", "--name", "www"))
    assert (changed["NAME"], changed["MBPS"], changed["STATE"]) == ("www", "20", "RUNNING")
    assert row(tgw("instance", "modify", "www", "--name", "web"))["NAME"] == "web"
    assert json.loads(tgw("instance", "modify", "web", "--bandwidth", "5", "--json").out)


def test_an_ordinary_ip_becomes_an_eip(tgw: Tgw, world: World) -> None:
    instance_id = world.run("web")
    ordinary = world.instance(instance_id).ordinary
    assert ordinary
    done = tgw("instance", "transform-ip", "web")
    said = f"the public IP of {instance_id} is {ordinary.address_id} from now on\n"
    assert done == (0, said, "")
    assert row(tgw("eip", "list"))["ADDRESS"] == ordinary.address
    world.run("db")
    assert json.loads(tgw("instance", "transform-ip", "db", "--json").out)["AddressId"]


def test_an_ordinary_ip_is_given_back_and_asked_for_again(tgw: Tgw, world: World) -> None:
    world.execute(cmd.ConfigureAccount(Behaviour.STANDARD))
    world.run("web")
    world.allocate("shop")
    assert row(tgw("instance", "return-ip", "web"))["PUBLIC"] == "-"
    for words, has_one in (((), False), (("--reallocate",), True)):
        assert row(tgw("eip", "bind", "shop", "web"))["STATUS"] == "BIND"
        assert row(tgw("eip", "unbind", "shop", *words))["STATUS"] == "UNBIND"
        assert (row(tgw("instance", "show", "web"))["PUBLIC"] != "-") == has_one


def test_with_legacy_an_ordinary_ip_comes_unless_it_is_refused(tgw: Tgw, world: World) -> None:
    world.run("web")
    world.allocate("shop")
    for words, has_one in (((), True), (("--no-reallocate",), False)):
        assert row(tgw("eip", "bind", "shop", "web"))["STATUS"] == "BIND"
        assert row(tgw("eip", "unbind", "shop", *words))["STATUS"] == "UNBIND"
        assert (row(tgw("instance", "show", "web"))["PUBLIC"] != "-") == has_one


@pytest.mark.parametrize(
    ("words", "status", "part"),
    [
        (
            ("package", "create", "--bandwidth", "lots"),
            2,
            "'lots' is no whole number of up to 18 digits, nor 'unlimited'",
        ),
        (("package", "create", "--bandwidth", "0"), 2, "InvalidParameterValue.Range"),
        (("package", "delete", "nothing"), 1, "no package 'nothing': 'tgw package list' shows"),
        (("package", "modify", "shared"), 2, "say what to change"),
        (("package", "add", "shared", "nothing"), 1, "no EIP 'nothing'"),
        (("package", "add", "shared"), 2, "required: ADDRESS"),
        (("package", "remove", "shared", "shop"), 1, "(InvalidParameterValue.ResourceNotExisted)"),
        (("eip", "modify", "shop"), 2, "say what to change"),
        (("eip", "modify", "shop", "--bandwidth", "0"), 2, "BandwidthTooSmall"),
        (("eip", "modify", "shop", "--charge-type", "FREE"), 2, "invalid choice"),
        (("eip", "modify", "shop", "--charge-type", "BANDWIDTH_PACKAGE"), 1, "can't be switched"),
        (("instance", "modify", "web"), 2, "say what to change"),
        (("instance", "modify", "web", "--bandwidth", "101"), 2, "InvalidParameterValue.Range"),
        (("instance", "return-ip", "web"), 1, "(UnsupportedOperation)"),
        (("instance", "return-ip", "quiet"), 1, "has no public IP"),
        (("instance", "transform-ip", "quiet"), 1, "InstanceHasNoWanIP"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_is_refused_is_one_line_and_changes_nothing(
    tgw: Tgw, world: World, words: tuple[str, ...], status: int, part: str
) -> None:
    world.run("web")
    world.run("quiet", 0)
    world.allocate("shop")
    tgw("package", "create", "--name", "shared")
    before = world.records()
    done = tgw(*words)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert part in done.err
    assert world.records() == before

"""block, unblock and account against a real control."""

import json
import re

import pytest
from support.world import World

from .conftest import Tgw

TITLES = "ADDRESS  ID  BLOCKED UNTIL\n"


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ((), "1970-01-12T15:46:40Z"),
        (("--for", "90s"), "1970-01-12T13:48:10Z"),
        (("--for", "30m"), "1970-01-12T14:16:40Z"),
        (("--for", "2h"), "1970-01-12T15:46:40Z"),
        (("--for", "3d"), "1970-01-15T13:46:40Z"),
    ],
    ids=["default", "seconds", "minutes", "hours", "days"],
)
def test_an_address_is_blocked_for_a_time(
    tgw: Tgw, world: World, words: tuple[str, ...], until: str
) -> None:
    world.run()
    done = tgw("block", "203.0.113.1", *words)
    assert (done.status, done.err) == (0, "")
    _, line = done.out.splitlines()
    assert re.fullmatch(rf"203\.0\.113\.1  eip-\w{{8}}  {until}", line)


def test_an_eip_is_named_by_its_id_or_name_and_says_so_in_its_list(tgw: Tgw, world: World) -> None:
    eip_id = world.allocate("shop")
    for word in ("shop", eip_id):
        (shown,) = json.loads(tgw("block", word, "--json").out)["BlockedAddressSet"]
        assert (shown["Address"], shown["AddressId"]) == ("203.0.113.1", eip_id)
        assert tgw("eip", "list").out.splitlines()[1].split()[3] == "UNBIND,BLOCKED"
        assert tgw("unblock", word) == (0, "203.0.113.1 is open\n", "")
        assert tgw("eip", "list").out.splitlines()[1].split()[3] == "UNBIND"
    assert tgw("unblock", "203.0.113.1", "--json").out == "{}\n"


def test_alone_it_lists_what_is_blocked(tgw: Tgw, world: World) -> None:
    assert tgw("block") == (0, TITLES, "")
    world.run()
    world.allocate()
    tgw("block", "203.0.113.1")
    assert tgw("block", "203.0.113.2").out.count("\n") == 2
    assert tgw("block").out.count("\n") == 3


@pytest.mark.parametrize(
    ("words", "status", "part"),
    [
        (("block", "203.0.113.9"), 1, "no EIP and no ordinary public IP is '203.0.113.9'"),
        (("block", "eip-nowhere0"), 1, "no EIP and no ordinary public IP is 'eip-nowhere0'"),
        (("block", "nowhere"), 1, "no EIP 'nowhere'"),
        (("unblock", "203.0.113.9"), 1, "no EIP and no ordinary"),
        (("unblock",), 2, "required: ADDRESS"),
        (("block", "203.0.113.1", "--for", "soon"), 2, "'soon' is no time such as 90s"),
        (("block", "203.0.113.1", "--for", "0s"), 2, "1 to 2592000 seconds"),
        (("block", "203.0.113.1", "--for", "-1s"), 2, "expected one argument"),
        (("block", "203.0.113.1", "--for", "31d"), 2, "1 to 2592000 seconds"),
        (("account", "--behaviour", "odd"), 2, "invalid choice"),
        (("account", "--eips-max", "-1"), 2, "a quota is at least 0"),
        (("account", "--eips-max", "many"), 2, "is no whole number"),
        (("account", "--eips-max", "1048577"), 2, "at most 1048576"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_a_mistake_is_one_line(
    tgw: Tgw, world: World, words: tuple[str, ...], status: int, part: str
) -> None:
    world.run()
    before = world.records()
    done = tgw(*words)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert part in done.err
    assert world.records() == before


def test_the_account_is_shown_and_changed(tgw: Tgw, world: World) -> None:
    titles = "BEHAVIOUR  EIPS MAX  APPLICATIONS MAX\n"
    assert tgw("account") == (0, f"{titles}LEGACY     20        40\n", "")
    done = tgw("account", "--behaviour", "standard", "--eips-max", "30")
    assert done == (0, f"{titles}STANDARD   30        40\n", "")
    shown = json.loads(tgw("account", "--applications-max", "0", "--json").out)
    assert shown == {"Behaviour": "STANDARD", "EipsMax": 30, "ApplicationsMax": 0}
    assert tgw("account", "--behaviour", "legacy").out.splitlines()[1].startswith("LEGACY")

"""The rules' texts. That a kernel takes them, and what they then do, is tested in the lab."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.nat.mark import MarkBits
from gateway.net import nftables
from gateway.steering import kernel, ruleset
from gateway.steering.kernel import SteeringError
from gateway.steering.ruleset import Steering

ONE = Steering("uplink", "198.51.100.254", ("203.0.113.0/24",))
TWO = Steering("wan0", "198.51.100.1", ("203.0.113.0/24", "192.0.2.0/25"), queues=range(7, 8))
THREE = replace(TWO, queues=range(2, 5))

GUARD = """\
add table ip tgw
delete table ip tgw
table ip tgw {
  comment "MARK"
  counter guard_foreign { }
  counter guard_spoofed { }
  counter guard_untranslated { }
  counter guard_hasty { }
  counter guard_unknown { }
  set callers { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
  chain guard_in {
    type filter hook prerouting priority -300; policy accept;
    iifname "uplink" ip daddr != { 203.0.113.0/24 } counter name guard_foreign drop
    iifname "uplink" ip saddr 198.51.100.254 counter name guard_spoofed drop
    iifname != { "uplink", "lo" } fib saddr . iif oif missing counter name guard_spoofed drop
    iifname != { "uplink", "lo" } tcp flags & (syn | ack) == syn fib daddr type local \
update @callers { ip saddr limit rate over 1000/second burst 1000 packets } \
counter name guard_hasty drop
  }
  chain guard_out {
    type filter hook postrouting priority 300; policy accept;
    oifname "uplink" ip daddr { 203.0.113.0/24 } counter name guard_unknown drop
    oifname "uplink" ip saddr 198.51.100.254 icmp type \
{ destination-unreachable, time-exceeded, parameter-problem } accept
    oifname "uplink" ip saddr != { 203.0.113.0/24 } counter name guard_untranslated drop
  }
}
add table arp tgw
add counter arp tgw guard_arp
add set arp tgw links { typeof iifname . arp saddr ip; }
add set arp tgw rates { typeof iifname; flags dynamic; size 65535; timeout 1m; }
add chain arp tgw guard { type filter hook input priority 0; policy accept; }
flush chain arp tgw guard
add rule arp tgw guard iifname "uplink" accept
add rule arp tgw guard iifname . arp saddr ip @links update @rates \
{ iifname limit rate 20/second burst 50 packets } accept
add rule arp tgw guard counter name guard_arp drop
"""
NFT_QUEUE = """\
table ip tgw_queue {
  chain in { type filter hook prerouting priority -150; policy accept; }
  chain between { type filter hook forward priority -150; policy accept; }
  chain own { type filter hook output priority -150; policy accept; }
  chain out { type filter hook postrouting priority -150; policy accept; }
}
flush table ip tgw_queue
table ip tgw_queue {
  chain in {
    iifname "wan0" ip daddr POOL meta mark set OTHERS | 0x1000 queue num 7
    iifname != "wan0" ip daddr POOL meta mark set OTHERS | 0x3000 queue num 7
  }
  chain between {
    iifname != "wan0" oifname != "wan0" ip saddr != POOL meta mark & 0x3000 == 0x3000 queue num 7
  }
  chain own {
    ip daddr POOL meta mark set OTHERS | 0x3000 queue num 7
  }
  chain out {
    oifname "wan0" meta mark set OTHERS | 0x2000 queue num 7
  }
}
""".replace("POOL", "{ 203.0.113.0/24, 192.0.2.0/25 }").replace("OTHERS", "meta mark & 0xffffcfff")
IPTABLES_QUEUE = """\
*mangle
:tgw-in - [0:0]
:tgw-between - [0:0]
:tgw-own - [0:0]
:tgw-out - [0:0]
-A PREROUTING -j tgw-in
-A FORWARD -j tgw-between
-A OUTPUT -j tgw-own
-A POSTROUTING -j tgw-out
-A tgw-in -i wan0 -d 203.0.113.0/24 -j MARK --set-xmark 0x1000/0x3000
-A tgw-in -i wan0 -d 203.0.113.0/24 -j NFQUEUE --queue-num 7
-A tgw-in ! -i wan0 -d 203.0.113.0/24 -j MARK --set-xmark 0x3000/0x3000
-A tgw-in ! -i wan0 -d 203.0.113.0/24 -j NFQUEUE --queue-num 7
-A tgw-own -d 203.0.113.0/24 -j MARK --set-xmark 0x3000/0x3000
-A tgw-own -d 203.0.113.0/24 -j NFQUEUE --queue-num 7
-A tgw-in -i wan0 -d 192.0.2.0/25 -j MARK --set-xmark 0x1000/0x3000
-A tgw-in -i wan0 -d 192.0.2.0/25 -j NFQUEUE --queue-num 7
-A tgw-in ! -i wan0 -d 192.0.2.0/25 -j MARK --set-xmark 0x3000/0x3000
-A tgw-in ! -i wan0 -d 192.0.2.0/25 -j NFQUEUE --queue-num 7
-A tgw-own -d 192.0.2.0/25 -j MARK --set-xmark 0x3000/0x3000
-A tgw-own -d 192.0.2.0/25 -j NFQUEUE --queue-num 7
-A tgw-between -s 203.0.113.0/24 -j RETURN
-A tgw-between -s 192.0.2.0/25 -j RETURN
-A tgw-between ! -i wan0 ! -o wan0 -m mark --mark 0x3000/0x3000 -j NFQUEUE --queue-num 7
-A tgw-out -o wan0 -j MARK --set-xmark 0x2000/0x3000
-A tgw-out -o wan0 -j NFQUEUE --queue-num 7
COMMIT
"""

COUNTED = {
    ("tgw", "guard_foreign"): 12,
    ("tgw", "guard_untranslated"): 3,
    ("tgw", "guard_arp"): 5,
    ("tgw", "another"): 1,
    ("other", "guard_spoofed"): 9,
}

# What nft does in a namespace without our table, and on a kernel without the queue statement.
LISTS_NOTHING = 'case "$*" in list*) echo "Error: No such file or directory" >&2; exit 1;; esac'
NO_QUEUE = f"""{LISTS_NOTHING}
case "$input" in *"queue num"*) echo "Error: no queue
more" >&2; exit 1;; esac"""

Tools = Callable[..., Path]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Stand-ins for nft and iptables-restore on PATH: shell scripts that keep what they are given.

    The real ones need root and change the machine; what they answer here is what they answer there.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(**bodies: str) -> Path:
        for name, body in bodies.items():
            script = folder / name.replace("_", "-")
            script.write_text(
                f'#!/bin/sh\ninput=$(cat)\necho "${{0##*/}} $*|$input" >> {tmp_path}/log\n{body}\n'
            )
            script.chmod(0o755)
        return tmp_path / "log"

    return make


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        pytest.param(ruleset.nft_queue_rules(TWO), NFT_QUEUE, id="nft-queue"),
        pytest.param(ruleset.iptables_queue_rules(TWO), IPTABLES_QUEUE, id="iptables-queue"),
        pytest.param(
            ruleset.nft_queue_rules(THREE),
            NFT_QUEUE.replace("queue num 7", "queue num 2-4"),
            id="nft-queues",
        ),
        pytest.param(
            ruleset.iptables_queue_rules(THREE),
            IPTABLES_QUEUE.replace("--queue-num 7", "--queue-balance 2:4"),
            id="iptables-queues",
        ),
    ],
)
def test_the_rules(rules: str, text: str) -> None:
    assert rules == text


def test_the_guard() -> None:
    rules = ruleset.guard_rules(ONE)
    assert rules == GUARD.replace("MARK", mark(rules))


def mark(guard: str) -> str:
    (found,) = re.findall(r'^  comment "([0-9a-f]{8})"$', guard, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(ONE, uplink="wan0"), id="uplink"),
        pytest.param(replace(ONE, address="198.51.100.1"), id="address"),
        pytest.param(replace(ONE, pool=("203.0.113.0/25",)), id="pool"),
    ],
)
def test_another_steering_has_another_mark(other: Steering) -> None:
    assert mark(ruleset.guard_rules(ONE)) != mark(ruleset.guard_rules(other))


def test_other_queues_make_no_other_steering() -> None:
    """They change with each restart of the data plane, and a repair must not notice."""
    assert ruleset.guard_rules(TWO) == ruleset.guard_rules(THREE)


def test_other_bits_of_the_mark_make_no_other_steering() -> None:
    """They change with an upgrade, when its data plane takes over, and a repair must not notice."""
    other = replace(TWO, bits=MarkBits(0b11))
    assert ruleset.guard_rules(TWO) == ruleset.guard_rules(other)
    assert "mark & 0xfffffffc | 0x1 queue" in ruleset.nft_queue_rules(other)
    assert "--set-xmark 0x1/0x3\n" in ruleset.iptables_queue_rules(other)


def test_queue_rules_are_replaced_and_their_hooks_stay() -> None:
    """With a hook goes whatever is queued. Of iptables' chains only our own are emptied."""
    assert not re.search(r"(?m)^\s*(delete|destroy|add table)", ruleset.nft_queue_rules(TWO))
    text = ruleset.iptables_queue_rules(TWO)
    assert not re.search(r"(?m)^-[FXDIR]", text)
    assert re.findall(r"(?m)^:(\S+)", text) == ["tgw-in", "tgw-between", "tgw-own", "tgw-out"]


def test_jumps_that_are_there_are_not_added_again() -> None:
    """Between the owner's rules they stay where they are."""
    saved = "*mangle\n-A OUTPUT -j TOS --set-tos 0x10/0x3f\n-A OUTPUT -j tgw-own\nCOMMIT\n"
    text = ruleset.iptables_queue_rules(TWO, saved)
    assert text == IPTABLES_QUEUE.replace("-A OUTPUT -j tgw-own\n", "")
    assert "-j tgw-" not in ruleset.iptables_queue_rules(TWO, IPTABLES_QUEUE)


def test_nothing_fails_open_and_nothing_tracks_connections() -> None:
    words = "bypass fanout conntrack ct nat dnat snat masquerade -n"
    alone = re.compile(rf"(?<![a-z])({'|'.join(words.split())})(?![a-z])")  # not "destination"
    for plan in (ONE, TWO, THREE):
        for text in (ruleset.guard_rules, ruleset.nft_queue_rules, ruleset.iptables_queue_rules):
            assert alone.findall(text(plan).lower()) == []


def test_every_guard_counter_is_declared_once_and_used() -> None:
    rules = ruleset.guard_rules(ONE)
    for name in ruleset.GUARD_COUNTERS:
        declared = (f"counter {name} {{ }}\n", f"add counter arp tgw {name}\n")
        assert sum(rules.count(text) for text in declared) == 1
        assert f"counter name {name} drop" in rules
    used = rules.count("counter name ")
    assert rules.count("counter ") == len(ruleset.GUARD_COUNTERS) + used


LOOKED = (
    "nft list table ip tgw|\n",
    "nft list table ip tgw_queue|\niptables-save -t mangle|\n",
)


def test_nft_queues_where_the_kernel_can_and_the_guard_is_the_last(tools: Tools) -> None:
    log = tools(nft=LISTS_NOTHING, iptables_restore="", iptables_save="")
    kernel.install(TWO)
    assert log.read_text() == (
        f"{LOOKED[0]}{LOOKED[1]}"
        f"nft -f -|{NFT_QUEUE.strip()}\n"
        f"nft -f -|{ruleset.guard_rules(TWO).strip()}\n"
    )


def test_iptables_queues_where_nft_cannot(tools: Tools) -> None:
    log = tools(nft=NO_QUEUE, iptables_restore="", iptables_save="")
    kernel.install(TWO)
    assert log.read_text() == (
        f"{LOOKED[0]}{LOOKED[1]}"
        f"nft -f -|{NFT_QUEUE.strip()}\n"
        "iptables-save -t mangle|\n"
        f"iptables-restore --noflush|{IPTABLES_QUEUE.strip()}\n"
        f"nft -f -|{ruleset.guard_rules(TWO).strip()}\n"
    )


def test_a_kernel_that_cannot_queue_is_refused_with_every_reason(tools: Tools) -> None:
    tools(nft=NO_QUEUE, iptables_restore="echo 'Extension NFQUEUE is not supported' >&2; exit 2")
    with pytest.raises(SteeringError) as refused:
        kernel.install(ONE)
    assert str(refused.value) == (
        "this kernel can't queue packets: nft: Error: no queue; "
        "iptables-restore: Extension NFQUEUE is not supported"
    )


def lists(guard: str, queue: str) -> str:
    """An nft that has these two tables, and the guard on ARP."""
    return f"""case "$*" in "list table ip tgw") echo '{guard}';;
"list table arp tgw") echo 'counter name "guard_arp" drop';;
"list table ip tgw_queue") echo '{queue}';; esac"""


def guarded(plan: Steering) -> str:
    return f'comment "{mark(ruleset.guard_rules(plan))}"'


NFT_QUEUES = "oifname uplink meta mark set mark & 0xffffcfff | 0x2000 queue num 4"
IPTABLES_QUEUES = IPTABLES_QUEUE.replace("--queue-num 7", "--queue-balance 2:4")


@pytest.mark.parametrize(
    ("queue", "saved"), [(NFT_QUEUES, ""), ("", IPTABLES_QUEUES)], ids=["nft", "iptables"]
)
def test_what_is_installed_is_not_installed_again(tools: Tools, queue: str, saved: str) -> None:
    """Whichever queues it names: to repair is not to choose others."""
    log = tools(
        nft=lists(guarded(TWO), queue), iptables_restore="", iptables_save=f"echo '{saved}'"
    )
    kernel.install(TWO)
    assert "nft -f" not in log.read_text()
    assert "iptables-restore" not in log.read_text()


def test_a_guard_that_lost_its_part_on_arp_is_installed_again(tools: Tools) -> None:
    there = lists(guarded(TWO), NFT_QUEUES).replace("list table arp", "list nothing")
    log = tools(nft=there, iptables_restore="", iptables_save="")
    kernel.install(TWO)
    assert f"nft -f -|{ruleset.guard_rules(TWO).strip()}\n" in log.read_text()


def test_a_link_is_known_before_its_arp_passes_and_can_be_forgotten_twice(tools: Tools) -> None:
    log = tools(nft="")
    kernel.know([])
    kernel.know([("ins-1", "10.0.0.2"), ("ins-2", "10.0.0.3")])
    kernel.forget(("ins-1", "10.0.0.2"))
    first, second = '{ "ins-1" . 10.0.0.2 }', '{ "ins-2" . 10.0.0.3 }'
    assert log.read_text() == (
        f"nft -f -|add element arp tgw links {first}\nadd element arp tgw links {second}\n"
        f"nft -f -|add element arp tgw links {first}\ndelete element arp tgw links {first}\n"
    )


def test_missing_queue_rules_are_installed_and_the_guard_stays(tools: Tools) -> None:
    log = tools(nft=lists(guarded(TWO), ""), iptables_restore="", iptables_save="")
    kernel.install(TWO)
    assert [line for line in log.read_text().splitlines() if "nft -f -|" in line] == [
        f"nft -f -|{NFT_QUEUE.splitlines()[0]}"
    ]


def test_the_rules_of_another_steering_are_replaced(tools: Tools) -> None:
    log = tools(nft=lists(guarded(ONE), NFT_QUEUES), iptables_restore="", iptables_save="")
    kernel.install(TWO)
    assert log.read_text().count("nft -f -|") == 2


def test_pointing_replaces_the_queue_rules_only(tools: Tools) -> None:
    log = tools(nft=lists(guarded(TWO), NFT_QUEUES), iptables_restore="", iptables_save="")
    kernel.point(TWO)
    assert log.read_text() == f"{LOOKED[1]}nft -f -|{NFT_QUEUE.strip()}\n"


@pytest.mark.parametrize(
    "lost", [".*-j tgw-own", "-A tgw-out .*", ""], ids=["jump", "rule", "none"]
)
def test_what_queues_with_iptables_is_pointed_and_repaired_with_iptables(
    tools: Tools, lost: str
) -> None:
    """By nft as well, once it can, packets would be queued twice."""
    saved = re.sub(rf"(?m)^{lost}\n", "", IPTABLES_QUEUES) if lost else IPTABLES_QUEUES
    log = tools(nft=lists(guarded(TWO), ""), iptables_restore="", iptables_save=f"echo '{saved}'")
    kernel.install(TWO)
    if not lost:
        assert "iptables-restore" not in log.read_text()
        kernel.point(TWO)
    rules = ruleset.iptables_queue_rules(TWO, saved).strip()
    assert log.read_text().endswith(f"iptables-restore --noflush|{rules}\n")
    assert "nft -f" not in log.read_text()


def test_a_refused_guard_is_an_error(tools: Tools) -> None:
    tools(nft="case \"$input\" in *guard*) echo 'Error: no guard' >&2; exit 1;; esac")
    with pytest.raises(SteeringError, match=r"^nft: Error: no guard$"):
        kernel.install(ONE)


def test_a_tool_that_gives_no_reason_is_refused_too(tools: Tools) -> None:
    tools(nft="exit 1")
    with pytest.raises(SteeringError, match=r"^nft: no reason given$"):
        kernel.install_guard(ONE)


def test_a_missing_tool_is_named(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SteeringError, match=r"^nft is not installed$"):
        kernel.install_guard(ONE)


def test_guard_drops_are_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nftables, "counters", lambda: COUNTED)
    assert kernel.guard_drops() == {"guard_foreign": 12, "guard_untranslated": 3, "guard_arp": 5}


def test_a_namespace_without_guard_has_no_drops_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nftables, "counters", lambda: {("other", "guard_foreign"): 9})
    with pytest.raises(SteeringError, match="there is no guard"):
        kernel.guard_drops()


def test_counters_that_cant_be_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError(1, "nftables: Operation not permitted")

    monkeypatch.setattr(nftables, "counters", refused)
    with pytest.raises(SteeringError, match="not permitted"):
        kernel.guard_drops()

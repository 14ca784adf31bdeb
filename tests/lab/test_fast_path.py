"""The fast path in a gateway at work: what it carries, and that it carries nothing by an old table.

Whoever is killed leaves either the table in force or the slow path. A change that was acknowledged
holds for each packet that is sent after it.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from scapy.layers.inet import IP, UDP, IPOption_NOP
from scapy.packet import Raw
from support.blows import kill, kill_dataplane, pid_of, workers
from support.damage import tc
from support.labs import Instance, Lab, eventually, lab_of, new_topology
from support.steady import received, receiver, sending, until_one_sent_after
from support.stream import streaming
from support.wire import send

from gateway.control.compile import INBOUND_MIN_MBPS
from gateway.exchange import pins
from gateway.exchange.pins import State
from gateway.fastpath import bpffs
from gateway.lab.topology import UPLINK
from gateway.site import roles

RATE = 1000  # datagrams a second
SENT_AFTER = 200
SENT_BETWEEN = 5  # datagrams after each change that is acknowledged, and before the next
REBINDS = int(os.environ.get("TGW_REBINDS", "15"))


@pytest.fixture(scope="module")
def fast(lab: Lab) -> Lab:
    """The module's lab, in which the kernel carries what is plain."""
    switch(lab, "on")
    return lab


@pytest.fixture
def web(fast: Lab) -> Iterator[Instance]:
    instance = fast.instance("web", bandwidth=100)
    yield instance
    instance.terminate()


@pytest.fixture
def other(fast: Lab) -> Iterator[Instance]:
    instance = fast.instance("other", bandwidth=100)
    yield instance
    instance.terminate()


def switch(lab: Lab, to: str) -> None:
    done = lab.run("fastpath", to)
    assert (done.returncode, done.stderr) == (0, "")


def fast_packets(lab: Lab) -> int:
    return lab.counters().paths["fast"]


def carries(lab: Lab) -> bool:
    """Whether the fast path is in service; it isn't while its maps are lost."""
    try:
        return pins.state(lab.places.run) is State.CARRYING
    except OSError:
        return False


def restart_dataplane(lab: Lab) -> None:
    """Start the data plane again; its fast path comes last."""
    lab.restart(roles.DATAPLANE)
    eventually(lambda: carries(lab))


def goes_on(lab: Lab) -> bool:
    """Whether the kernel carries packets, of those that somebody sends all the time."""
    before = fast_packets(lab)
    return eventually(lambda: fast_packets(lab) > before)


def test_both_ways_and_between_instances(fast: Lab, web: Instance, other: Instance) -> None:
    before = fast.counters()
    assert fast.pings("internet", web.public)
    assert fast.pings(web.id, fast.topology.internet_address)
    assert fast.pings(web.id, other.public)
    after = fast.counters()
    assert after.paths["fast"] - before.paths["fast"] == 6
    assert after.reasons["translated"] - before.reasons["translated"] == 6
    web_counted, other_counted = (after.addresses[i.public] for i in (web, other))
    assert tuple(web_counted) == (3, 252, 3, 252)
    assert tuple(other_counted) == (1, 84, 1, 84)


def test_the_commands_tell_of_it(fast: Lab, web: Instance) -> None:
    assert fast.pings("internet", web.public)
    told = fast.ask("fastpath", "status")
    assert (told["setting"], told["state"], told["carries"]) == ("on", "on", True)
    assert 0 < told["fast"] <= told["all"]
    assert "fast path: " in fast.run("counters").stdout
    assert "carried or dropped in the kernel" in fast.run("fastpath", "status").stdout


def test_switching_loses_nothing_and_counters_go_on(fast: Lab, web: Instance) -> None:
    assert fast.pings("internet", web.public)
    before = fast.carried()[web.public]
    with streaming(fast.uplink, web.namespace, web.public, rate=RATE) as stream:
        switch(fast, "off")
        counted = fast.counters()
        eventually(lambda: fast.counters().paths["slow"] > counted.paths["slow"])
        assert fast_packets(fast) == counted.paths["fast"]
        assert fast.ask("fastpath", "status")["carries"] is False
        switch(fast, "on")
    assert (stream.lost, stream.again) == (0, 0)
    after = fast.carried()[web.public]
    assert after.packets_in - before.packets_in == stream.sent
    assert fast_packets(fast) > counted.paths["fast"]


def test_a_trace_sees_what_the_kernel_would_carry(fast: Lab, web: Instance) -> None:
    with fast.start("internet", "ping", "-n", "-i", "0.05", web.public):
        done = fast.run("trace", "-c", "4", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"accept"') == 4
    before = fast_packets(fast)

    def carries() -> bool:
        fast.pings("internet", web.public)
        return fast_packets(fast) > before

    eventually(carries)


def test_no_packet_by_an_old_table_when_an_eip_goes_to_and_fro(
    fast: Lab, web: Instance, other: Instance
) -> None:
    eip = fast.control.call("AllocateAddresses", InternetMaxBandwidthOut=100)["AddressSet"][0]
    found = fast.control.call("DescribeAddresses", AddressIds=[eip])["AddressSet"][0]
    checked: list[tuple[int, int]] = []  # from the acknowledgement on, until so many were sent
    seen: tuple[list[int], list[int]] = ([], [])
    with ExitStack() as sockets:
        ends = [sockets.enter_context(receiver(instance)) for instance in (web, other)]
        with sending(fast.uplink, found["AddressIp"]) as sender:
            for number in range(REBINDS):
                to = number % 2
                instance_id = (web, other)[to].id
                fast.control.call("AssociateAddress", AddressId=eip, InstanceId=instance_id)
                told = time.monotonic_ns()
                sender.wait_for(SENT_BETWEEN)
                checked.append((told, time.monotonic_ns()))
                # What was sent until then isn't under way any more when a later one has come.
                seen[to].extend(until_one_sent_after(checked[-1][1], ends[to]))
        for end, packets in zip(ends, seen, strict=True):
            packets.extend(sent for _, sent in received(end))
    misled = [
        sent
        for number, (begin, end_) in enumerate(checked)
        for sent in seen[1 - number % 2]
        if begin < sent < end_
    ]
    assert misled == []
    assert all(seen)
    fast.control.call("DisassociateAddress", AddressId=eip)
    fast.control.call("ReleaseAddresses", AddressIds=[eip])


def ended_by_blocking(lab: Lab, instance: Instance) -> None:
    assert lab.run("block", instance.public, "--for", "1h").returncode == 0


def ended_by_stopping(lab: Lab, instance: Instance) -> None:
    assert lab.run("instance", "stop", instance.id).returncode == 0


def sent_after(
    lab: Lab, web: Instance, end: Callable[[Lab, Instance], None], first: Callable[[], object]
) -> list[int]:
    """Which datagrams arrived that were sent after the end was acknowledged; `first` comes first.

    All are sent in one go, and plenty after the end.
    """
    with receiver(web) as found:
        with sending(lab.uplink, web.public) as sender:
            first()
            eventually(lambda: found.recv(64))
            end(lab, web)
            told = time.monotonic_ns()
            sender.wait_for(SENT_AFTER)
        return [sent for _, sent in received(found) if sent > told]


@pytest.mark.parametrize("end", [ended_by_blocking, ended_by_stopping])
def test_no_packet_arrives_after_the_end(
    fast: Lab, web: Instance, end: Callable[[Lab, Instance], None]
) -> None:
    assert sent_after(fast, web, end, first=lambda: None) == []
    fast.run("unblock", web.public)


def test_killed_it_goes_on_and_obeys_who_comes_after(fast: Lab, web: Instance) -> None:
    with streaming(fast.uplink, web.namespace, web.public, rate=RATE) as stream:
        for role in (roles.CONTROL, roles.DATAPLANE):
            kill(fast, role)
            assert goes_on(fast)  # nobody is needed for it
            fast.restart(role)
            assert goes_on(fast)  # it has taken over, and the kernel carries again
        for pid in workers(fast).values():
            os.kill(pid, signal.SIGKILL)
        assert goes_on(fast)
    assert (stream.lost, stream.again) == (0, 0)
    assert fast.ask("fastpath", "status")["carries"]
    assert sent_after(fast, web, ended_by_blocking, first=lambda: None) == []


def test_a_change_without_a_data_plane_holds_for_the_kernel(fast: Lab, web: Instance) -> None:
    assert sent_after(fast, web, ended_by_blocking, first=lambda: kill_dataplane(fast)) == []
    restart_dataplane(fast)


def test_lost_maps_are_made_anew(fast: Lab, web: Instance) -> None:
    process = pid_of(fast, roles.DATAPLANE)
    bpffs.remove(fast.name)
    eventually(lambda: carries(fast))
    assert pid_of(fast, roles.DATAPLANE) == process
    before = fast_packets(fast)
    assert fast.pings("internet", web.public)
    assert fast_packets(fast) > before
    ended_by_blocking(fast, web)
    assert not fast.pings("internet", web.public)


def test_programs_that_are_taken_from_links_are_named_and_come_back(
    fast: Lab, web: Instance
) -> None:
    tc(fast, "filter", "del", UPLINK, "ingress")
    lines = [
        f"not as it should be: {fast.gateway}: link {name} has no program of the fast path\n"
        for name in (web.id, UPLINK)
    ]

    def are_named() -> bool:
        # Again and again: the supervisor attaches once what it sees of a link that is new.
        tc(fast, "qdisc", "del", web.id, "clsact")
        done = fast.run("lab", "status")
        return done.returncode == 1 and all(line in done.stdout for line in lines)

    eventually(are_named)
    done = fast.run("lab", "up")
    assert (done.returncode, fast.run("lab", "status").returncode) == (0, 0), done.stderr
    before = fast_packets(fast)
    assert fast.pings("internet", web.public)
    assert fast_packets(fast) == before + 2


def test_a_change_after_the_link_to_the_maps_was_removed_holds_for_each_packet(
    fast: Lab, web: Instance
) -> None:
    public = web.public
    assert fast.pings("internet", public)
    (fast.places.run / pins.LINK).unlink()
    assert fast.run("block", public).returncode == 0
    assert not fast.pings("internet", public)
    assert fast.run("unblock", public).returncode == 0
    eventually(lambda: carries(fast))
    eventually(lambda: fast.pings("internet", public))


def test_a_rebooted_instance_has_a_link_that_is_known(fast: Lab, web: Instance) -> None:
    assert fast.run("instance", "reboot", web.id).returncode == 0
    before = fast_packets(fast)
    assert fast.pings("internet", web.public)
    assert fast_packets(fast) == before + 2


def test_one_bucket_for_both_paths(fast: Lab) -> None:
    """Half of the packets have an option, so they take the slow path."""
    slow = fast.instance("slow", bandwidth=1)
    address, client = slow.public, fast.topology.clients[0]
    plain = IP(src=client, dst=address) / UDP(dport=9) / Raw(b"x" * 1000)
    optional = IP(src=client, dst=address, options=IPOption_NOP()) / UDP(dport=9) / Raw(b"x" * 996)
    before, begin = fast.counters(), time.monotonic()
    send(fast, "internet", *[plain, optional] * 400)
    after = fast.counters()
    within_s = time.monotonic() - begin
    carried = after.addresses[address].bytes_in
    inbound = INBOUND_MIN_MBPS * 1_000_000 / 8
    depth = max(131_070, 0.2 * inbound)
    assert depth - 2000 < carried <= depth + inbound * within_s
    for path in ("fast", "slow"):
        assert after.paths[path] - before.paths[path] >= 400
    slow.terminate()


def test_a_data_plane_that_is_asked_to_end_carries_nothing(fast: Lab, web: Instance) -> None:
    assert fast.pings("internet", web.public)
    roles.stop(fast.places.run, roles.WATCHDOG)
    roles.stop(fast.places.run, roles.DATAPLANE)
    assert not fast.pings("internet", web.public)
    restart_dataplane(fast)
    before = fast_packets(fast)
    assert fast.pings("internet", web.public)
    assert fast_packets(fast) == before + 2


def test_an_instance_finds_no_pins(fast: Lab, web: Instance) -> None:
    assert [*bpffs.folder_of(fast.name).iterdir()]
    assert fast.exec(web.id, "ls", "-A", "/sys/fs/bpf").stdout == ""


def test_two_labs_side_by_side_and_nothing_is_left(fast: Lab, web: Instance) -> None:
    with lab_of(new_topology()) as second:
        switch(second, "on")
        twin = second.instance("twin")
        assert twin.public == web.public or twin.private  # the same addresses may be in both
        assert second.pings("internet", twin.public)
        assert fast_packets(second) == 2
        name = second.name
    assert not bpffs.folder_of(name).exists()
    assert bpffs.folder_of(fast.name).exists()
    assert fast.pings("internet", web.public)

"""An instance is a machine of its own: what root in it sees, may do, and can't reach."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs import Instance, Lab, eventually

from gateway.lab import inside
from gateway.net import confinement, namespace

SECRET = "root knows this"  # noqa: S105  a text to look for


@pytest.fixture(scope="module")
def named(lab: Lab) -> Instance:
    answer = lab.control.call(
        "RunInstances",
        InstanceName="named",
        HostName="shop-1",
        InternetAccessible={"InternetMaxBandwidthOut": 10},
    )
    return Instance(lab, answer["InstanceIdSet"][0])


@pytest.fixture(scope="module")
def other(lab: Lab) -> Instance:
    return lab.instance("other")


@pytest.fixture
def asleep(lab: Lab, other: Instance) -> Iterator[int]:
    """A process of another instance, by its id on the machine."""
    with lab.start(other.id, "sleep", "600"):
        yield eventually(lambda: _process(lab, other, b"sleep\x00600\x00"))


def _process(lab: Lab, instance: Instance, command: bytes) -> int:
    for process in namespace.processes(instance.namespace):
        if Path(f"/proc/{process}/cmdline").read_bytes() == command:
            return process
    return 0


def first(lab: Lab, instance: Instance) -> int:
    found = inside.machine_of(lab.name, instance.id).first()
    assert found is not None
    return found


def says(lab: Lab, instance: Instance, script: str) -> str:
    done = lab.exec(instance.id, "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(lab: Lab, instance: Instance, script: str) -> str:
    done = lab.exec(instance.id, "sh", "-c", script)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_its_name_is_its_own(lab: Lab, named: Instance, other: Instance) -> None:
    assert says(lab, named, "hostname; cat /etc/hostname") == "shop-1\nshop-1\n"
    assert says(lab, named, "getent hosts shop-1").split() == ["127.0.1.1", "shop-1"]
    says(lab, named, "hostname elsewhere 2>/dev/null; true")
    assert says(lab, other, "hostname").startswith("VM-")
    assert os.uname().nodename not in ("shop-1", "elsewhere")


def test_it_sees_its_own_processes_only(lab: Lab, named: Instance, asleep: int) -> None:
    listed = says(lab, named, "ps -e -o pid=,args=")
    assert listed.splitlines()[0].split() == ["1", "sleep", "infinity"]
    assert "sleep 600" not in listed
    assert len(listed.splitlines()) <= 4
    assert f"{asleep}" not in says(lab, named, "ls /proc").split() or asleep < 100
    assert "No such process" in refused(lab, named, f"kill -9 {asleep}") or asleep < 100
    assert Path(f"/proc/{asleep}").exists()


def test_the_lab_is_not_there(lab: Lab, named: Instance) -> None:
    for place in (lab.places.run, lab.places.state, Path("/run/netns"), lab.places.socket):
        assert place.exists()
        refused(lab, named, f"ls {place}/*")
    assert says(lab, named, "cat /etc/shadow; ls /etc/netns /var/lib/tgw; ls -A /tmp") == (
        "/etc/netns:\n\n/var/lib/tgw:\n"
    )


def test_what_it_writes_no_one_else_reads(lab: Lab, named: Instance, other: Instance) -> None:
    places = ("/tmp/x", "/run/x", "/etc/tgw-x", "/var/tmp/tgw-x", "/srv/x", "/dev/shm/x")  # noqa: S108
    for place in places:
        says(lab, named, f"echo {SECRET} > {place}")
        assert says(lab, named, f"cat {place}") == f"{SECRET}\n"
        refused(lab, other, f"cat {place}")
        assert not Path(place).exists()
    says(lab, named, "rm /etc/os-release && echo > /etc/hosts")
    assert Path("/etc/os-release").exists()
    says(lab, other, "grep metadata /etc/hosts")


@pytest.mark.parametrize(
    "script",
    [
        "mount -t tmpfs none /mnt",
        "mount -o remount,rw /proc/sys",
        "umount /var/lib/tgw",
        "mknod /dev/x b 8 0",
        "unshare --net true",
        "unshare --user --map-root-user true",
        "nsenter --target 1 --net true",
        "echo 1 > /proc/sys/kernel/panic",
        "echo 0 > /proc/sys/vm/overcommit_memory",
        "echo b > /proc/sysrq-trigger",
        "echo 1 > /sys/kernel/profiling",
        "chmod 0 /dev/null",
        "date --set 2030-01-01",
        "kill -9 1; sleep 0.1; ps 1 && exit 1",
    ],
)
def test_root_may_not_do_what_is_the_machines(lab: Lab, named: Instance, script: str) -> None:
    alive = first(lab, named)
    refused(lab, named, script)
    assert first(lab, named) == alive


def test_its_capabilities_are_bounded(lab: Lab, named: Instance) -> None:
    told = says(lab, named, "grep Cap /proc/self/status; grep Cap /proc/1/status").split()
    bounded = f"{confinement.KEPT:016x}"
    none = "0" * 16
    assert told[1:10:2] == [none, bounded, bounded, bounded, none]
    assert told[11:16:2] == [none, none, none]
    missing = {"SYS_ADMIN": 21, "SYS_PTRACE": 19, "SYS_MODULE": 16, "SYS_RAWIO": 17, "MKNOD": 27}
    assert [name for name, bit in missing.items() if confinement.KEPT >> bit & 1] == []


def test_its_network_is_its_own_to_change(lab: Lab, named: Instance, other: Instance) -> None:
    says(
        lab,
        named,
        "ip link add d0 type veth peer d1 && ip addr add 192.0.2.1/24 dev d0 && ip link set d0 up"
        " && echo 1 > /proc/sys/net/ipv4/ip_forward && iptables-save >/dev/null"
        " && nft add table ip x && ping -c 1 -W 5 192.0.2.1",
    )
    assert says(lab, named, "ls /sys/class/net").split() == ["d0", "d1", "eth0", "lo"]
    assert says(lab, other, "cat /proc/sys/net/ipv4/ip_forward") == "0\n"
    says(lab, named, "ip link del d0; echo 0 > /proc/sys/net/ipv4/ip_forward")


def test_programs_of_the_network_work(lab: Lab, named: Instance, other: Instance) -> None:
    with lab.start(named.id, "python3", "-m", "http.server", "80"):
        eventually(lambda: lab.curl("internet", f"http://{named.public}/"))
    client = lab.topology.clients[0]
    traced = says(
        lab, named, f"traceroute -n -m 2 -w 2 -q 1 {client} 2>&1 || tracepath -n {client}"
    )
    assert lab.topology.vpc_gateway in traced
    with lab.start(
        named.id, "timeout", "20", "tcpdump", "-l", "-c", "1", "-ni", "eth0", "icmp"
    ) as seen:
        eventually(lambda: lab.pings(other.id, named.private) and seen.poll() is not None)
        assert seen.stdout is not None
        assert f"{other.private} > {named.private}" in seen.stdout.read()


def test_the_first_process_reaps_and_everything_ends_with_it(lab: Lab) -> None:
    web = lab.instance("ending")
    says(lab, web, "(setsid sleep 600 &) ; (setsid sh -c 'exit 3' &)")
    eventually(lambda: _process(lab, web, b"sleep\x00600\x00"))
    eventually(lambda: "defunct" not in says(lab, web, "ps ax"))
    with lab.start(web.id, "sleep", "601") as inside_it:
        eventually(lambda: _process(lab, web, b"sleep\x00601\x00"))
        os.kill(first(lab, web), signal.SIGKILL)
        assert inside_it.wait(20) == -signal.SIGKILL
    eventually(lambda: namespace.processes(web.namespace) == [])
    done = lab.exec(web.id, "true")
    assert (done.returncode, done.stderr) == (
        1,
        f"tgw: {web.id} has no machine: 'tgw instance reboot {web.id}' makes one\n",
    )
    assert lab.run("instance", "reboot", web.id).returncode == 0
    assert says(lab, web, "echo again") == "again\n"
    web.terminate()


def test_exec_ends_as_its_command_does(lab: Lab, named: Instance) -> None:
    assert lab.exec(named.id, "sh", "-c", "exit 7").returncode == 7
    assert lab.exec(named.id, "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    assert lab.exec(named.id, "no-such-program").returncode == 127
    assert lab.exec(named.id, "/etc").returncode == 126
    for number in (signal.SIGTERM, signal.SIGINT):
        with lab.start(named.id, "sleep", "602") as sleeper:
            eventually(lambda: _process(lab, named, b"sleep\x00602\x00"))
            sleeper.send_signal(number)
            assert sleeper.wait(20) == -number
        eventually(lambda: not _process(lab, named, b"sleep\x00602\x00"))


def test_no_way_leads_back_through_the_program_that_enters(lab: Lab, named: Instance) -> None:
    """A script whose interpreter is /proc/self/exe gets no file of the machine's to write to."""
    says(
        lab,
        named,
        "printf '#!/proc/self/exe\\n' > /tmp/x; chmod +x /tmp/x; ln -s /proc/self/exe /tmp/y",
    )
    with lab.start(named.id, "/tmp/x"):  # it executes itself again and again  # noqa: S108
        process = eventually(lambda: _process(lab, named, b"/proc/self/exe\x00/tmp/x\x00"))
        assert Path(f"/proc/{process}/exe").readlink().parts[1] == "memfd:nice (deleted)"
    lab.exec(named.id, "/tmp/y")  # noqa: S108
    opened = says(lab, named, "readlink /proc/self/exe")
    assert opened.startswith("/usr/bin/")

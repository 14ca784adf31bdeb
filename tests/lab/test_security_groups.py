"""Security groups on the wire: what a group admits, by the command and real packets."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from support.labs import Instance, Lab, eventually

from gateway.net import namespace

# A server that says again what a client says, at the port that is its argument.
SERVER = """
import socket, sys
served, _ = socket.create_server(("", int(sys.argv[1]))).accept()
while said := served.recv(100):
    served.sendall(said)
"""
ECHO = (sys.executable, "-c", SERVER)


def group(lab: Lab, name: str, *rules: str) -> None:
    """A security group with these rules, each as the words of the command."""
    assert lab.run("group", "create", "--name", name).returncode == 0
    for rule in rules:
        done = lab.run("group", "rule", "add", name, *rule.split())
        assert done.returncode == 0, done.stderr


def put(lab: Lab, instance: Instance, *groups: str) -> None:
    words = [word for one in groups for word in ("--group", one)]
    done = lab.run("instance", "modify", instance.id, *words)
    assert done.returncode == 0, done.stderr


@contextmanager
def serving(lab: Lab, instance: Instance, *ports: int) -> Iterator[None]:
    """Web servers in the instance, which answer its own clients already."""
    with ExitStack() as stack:
        for port in ports:
            words = (sys.executable, "-m", "http.server", str(port), "--directory", "/proc/self")
            stack.enter_context(lab.start(instance.id, *words))
            eventually(partial(reached, lab, instance.id, "127.0.0.1", port))
        yield


def dialled(space: str, address: str, port: int) -> socket.socket | None:
    """A connection from this namespace; None if there is none within a second."""
    with namespace.inside(space), suppress(OSError):
        return socket.create_connection((address, port), timeout=1)
    return None


def said(stream: socket.socket, word: bytes) -> bool:
    """Whether the other end says the word again within two seconds."""
    stream.settimeout(2)
    stream.sendall(word)
    try:
        return stream.recv(len(word)) == word
    except TimeoutError:
        return False


def reached(lab: Lab, host: str, address: str, port: int) -> bool:
    return lab.curl(host, f"http://{address}:{port}/") is not None


def test_a_group_admits_its_port_and_a_change_holds_for_the_next_packet(lab: Lab) -> None:
    web = lab.instance("web")
    group(lab, "web", "tcp:80")
    with serving(lab, web, 80, 8080):
        public = web.public
        assert reached(lab, "internet", public, 8080), "the default group admits all"
        put(lab, web, "web")
        assert reached(lab, "internet", public, 80)
        assert not reached(lab, "internet", public, 8080)
        assert not lab.pings("internet", public)
        assert not lab.pings(web.id, lab.topology.clients[0]), "no rule for what goes out"
        assert lab.run("group", "rule", "add", "web", "icmp").returncode == 0
        assert lab.pings("internet", public)
        assert lab.run("group", "rule", "remove", "web", "in", "1").returncode == 0
        assert not lab.pings("internet", public)
        assert lab.reasons()["security-group"] > 0
        metadata = "http://metadata.tencentyun.com/latest/meta-data/instance/security-group"
        told = lab.curl(web.id, metadata)
        assert told == web.show()["SecurityGroupIds"][0]
    web.terminate()


def test_a_group_as_remote_is_its_members(lab: Lab) -> None:
    """What goes between two instances, neither of which has to have a public address."""
    bastion, stranger, database = (lab.instance(one) for one in ("bastion", "stranger", "db"))
    group(lab, "bastion", "all --to any")
    group(lab, "db", "tcp:22 --from bastion")
    put(lab, database, "db")
    with serving(lab, database, 22):
        assert not reached(lab, stranger.id, database.private, 22)
        put(lab, bastion, "bastion")
        assert reached(lab, bastion.id, database.private, 22)
        assert not lab.pings(database.id, stranger.private), "no rule for what goes out"
        before = lab.reasons()
        assert lab.pings(stranger.id, lab.topology.clients[0])
        other = lab.instance("other")
        assert lab.pings(stranger.id, other.private), "no member's traffic isn't even queued"
        assert lab.reasons()["security-group"] == before["security-group"]
        put(lab, bastion, "sg-tgw00001")
        assert not reached(lab, bastion.id, database.private, 22)
    put(lab, database, "sg-tgw00001")
    assert lab.pings(database.id, stranger.private)
    for one in (bastion, stranger, database, other):
        one.terminate()


def test_a_rule_that_goes_ends_its_streams_and_a_restart_none(lab: Lab) -> None:
    web, client = lab.instance("web"), lab.instance("client")
    group(lab, "ports", "tcp:80", "tcp:8080")
    put(lab, web, "ports")
    with lab.start(web.id, *ECHO, "80"), lab.start(web.id, *ECHO, "8080"):
        found = [
            eventually(partial(dialled, client.namespace, web.private, port)) for port in (80, 8080)
        ]
        streams = [stream for stream in found if stream]
        assert [said(stream, b"one") for stream in streams] == [True, True]
        restart = lab.run("dataplane", "restart")
        assert restart.returncode == 0, restart.stderr
        assert [said(stream, b"two") for stream in streams] == [True, True]
        assert lab.run("group", "rule", "remove", "ports", "in", "0").returncode == 0
        assert [said(stream, b"six") for stream in streams] == [False, True]
        for stream in streams:
            stream.close()
    for one in (web, client):
        one.terminate()

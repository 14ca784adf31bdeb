"""Security groups on the wire: what a group admits, by the command and real packets."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from support.labs import Instance, Lab, eventually


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

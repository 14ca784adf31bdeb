"""The internet's "what is my address" server, and a stranger who wants all of it."""

import socket
from contextlib import ExitStack

from support.blows import pid_of, status_of
from support.labs import Lab, eventually

from gateway.app.servers import INSTANCES
from gateway.lab import web as the_web
from gateway.net import namespace

MANY = INSTANCES.each.waiting + 100


def threads(lab: Lab) -> int:
    return int(status_of(pid_of(lab, the_web.ROLE))["Threads"][0])


def test_many_connections_of_one_address_are_bounded_and_others_are_answered(lab: Lab) -> None:
    web = lab.instance("asks")
    url = f"http://{lab.topology.clients[0]}/"
    with ExitStack() as opened:
        for _ in range(MANY):
            with namespace.inside(lab.uplink):
                one = socket.create_connection(("127.0.0.1", the_web.PORT), timeout=10)
            opened.enter_context(one)
        assert eventually(lambda: lab.curl(web.id, url)) == f"{web.public}\n"
        assert threads(lab) < 10
    assert lab.curl("internet", "http://127.0.0.1/") == "127.0.0.1\n"

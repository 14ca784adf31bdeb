"""The internet's "what is my address" server, as the lab sees it."""

import socket
from typing import Final

from gateway.lab.hosts import INTERNET, Hosts
from gateway.net import namespace

ROLE: Final = "web"
PORT: Final = 80
LOOPBACK: Final = ("127.0.0.1", PORT)
CONNECTED_WITHIN_S: Final = 1.0


def is_ready(lab: str) -> bool:
    """Whether the server in the internet's namespace answers."""
    there = Hosts(lab).namespace(INTERNET)
    try:
        with namespace.inside(there), socket.create_connection(LOOPBACK, CONNECTED_WITHIN_S):
            return True
    except OSError:
        return False

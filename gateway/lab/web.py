"""The internet's "what is my address" server, as the lab sees it."""

from typing import Final

from gateway.lab.hosts import INTERNET, Hosts
from gateway.net import namespace
from gateway.site.processes import answers

ROLE: Final = "web"
PORT: Final = 80


def is_ready(lab: str) -> bool:
    """Whether the server in the internet's namespace answers."""
    try:
        with namespace.inside(Hosts(lab).namespace(INTERNET)):
            return answers(("127.0.0.1", PORT))
    except OSError:
        return False

"""The internet's "what is my address" server."""

from gateway.app.startup import take_role
from gateway.lab import web
from gateway.site.heartbeat import Heart


def run(lab: str) -> None:
    """Be the lab's server on the internet, until SIGTERM. Raises `RoleError` or `OSError`."""
    run = take_role(lab, web.ROLE).site.places.run
    with Heart(run, web.ROLE) as heart:
        web.serve(lab, heart.part())

"""The internet's "what is my address" server."""

from gateway.app.startup import take_role
from gateway.lab import web


def run(lab: str) -> None:
    """Be the lab's server on the internet, until SIGTERM. Raises `RoleError` or `OSError`."""
    take_role(lab, web.ROLE)
    web.serve(lab)

"""The internet's "what is my address" server."""

from gateway.app.begin import begin
from gateway.lab import web


def run(lab: str) -> None:
    """Be the lab's server on the internet, until SIGTERM. Raises `RoleError` or `OSError`."""
    begin(lab, web.ROLE)
    web.serve(lab)

"""The data plane."""

from gateway.app.begin import begin
from gateway.engine import dataplane
from gateway.lab import roles
from gateway.lab.places import GATEWAY
from gateway.net import namespace


def run(lab: str) -> None:
    """Be the lab's data plane, until SIGTERM.

    Raises `RoleError`, `WorkerRunningError` or `OSError`.
    """
    site, _ = begin(lab, roles.DATAPLANE)
    namespace.enter(site.namespace(GATEWAY))
    dataplane.run(site.run)

"""The data plane."""

import logging
import os
import signal
from dataclasses import replace
from functools import partial
from typing import Any

from gateway.app.startup import take_role
from gateway.dataplane import record, service, signals
from gateway.dataplane.fast_path import Beside, FastPath
from gateway.fastpath import bpffs
from gateway.lab.topology import standing
from gateway.site import roles
from gateway.site.command import Command
from gateway.site.heartbeat import Heart
from gateway.site.site import Site
from gateway.steering import kernel

_log = logging.getLogger(__name__)


def run(lab: str, command: Command, **given: Any) -> None:
    """Be the lab's data plane, until SIGTERM.

    `command` starts this program anew. `given` are fields of `Settings`; others are as they were
    before. Raises `RoleError`, `TopologyError`, `StartError` or `OSError`.
    """
    # From here to `service.run` a signal waits: SIGHUP would end a process that is not ready.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.ALL)
    site = standing(take_role(lab, roles.DATAPLANE)).site
    run = site.places.run
    site.enter()
    with Heart(run, roles.DATAPLANE) as heart:
        while service.run(
            run,
            replace(record.load(run).settings, **given),
            partial(_point, site),
            site.bits,
            heart.part(),
            Beside(partial(_fast_path, site), partial(bpffs.remains, lab, run)),
        ):
            given = {}  # the record has them
            roles.keep(run, roles.DATAPLANE)
            try:
                _become_anew(command.process(roles.DATAPLANE, lab))
            except OSError as error:
                _log.error("restarted without loading the program again: %s", error)


def _point(site: Site, queues: range) -> None:
    kernel.point(site.steering(queues, site.bits))


def _fast_path(site: Site) -> FastPath:
    # Only here, as they bring the kernel's network with them, which workers don't need.
    from gateway.fastpath.carrier import Carrier
    from gateway.site.fast_path_place import place_of

    return Carrier(place_of(site))


def _become_anew(words: list[str]) -> None:
    """Load the program again, as it is now, in this process: its id, role and namespace stay.

    Returns only by an `OSError`. Options of the command line are not given again: they may be
    older than the record.
    """
    os.execv(words[0], words)  # noqa: S606

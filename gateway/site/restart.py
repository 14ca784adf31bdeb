"""New workers for a lab's data plane, without the loss of a packet: asked for, and waited for."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

from gateway.dataplane import record
from gateway.dataplane.record import Request, TakeOver
from gateway.runtime.locks import turn
from gateway.runtime.waiting import looks
from gateway.site import roles
from gateway.site.places import Places

LOCK: Final = "restart.lock"
WITHIN_S: Final = 60.0  # as long as a start may take
LOOK_S: Final = 0.005


class RestartError(RuntimeError):
    """The data plane wasn't restarted; the text is one line that says why."""


def restart(lab: str, **given: Any) -> TakeOver:
    """Restart the lab's data plane; returns what it is now.

    `given` are fields of `Settings`; others stay. One restart at a time: another one waits. Raises
    `RestartError`; whatever was in service before then still is.
    """
    site = Places(lab)
    deadline = time.monotonic() + WITHIN_S
    with _alone(site, deadline):
        settings = replace(record.load(site.run).settings, **given)
        request = Request(f"{os.getpid()}-{time.time_ns()}", settings)
        record.ask(site.run, request)
        try:
            found = _answer(site, request, deadline)
        finally:
            record.take_request(site.run)  # whoever comes later must not find it
    if found.failure:
        raise RestartError(f"the data plane goes on as it was: {found.failure}")
    return found


def _answer(site: Places, request: Request, deadline: float) -> TakeOver:
    """Make the supervisor look, and wait until it has answered."""
    supervisor = roles.tell(site.run, roles.DATAPLANE, signal.SIGHUP)
    if supervisor is None:
        raise RestartError(f"no data plane of lab {site.name} is running: 'tgw lab up' starts it")
    for _ in looks(deadline - time.monotonic(), LOOK_S):
        if (found := record.load(site.run)).answered == request.id:
            return found
        if roles.holder(site.run, roles.DATAPLANE) != supervisor:
            raise RestartError(
                "the data plane's supervisor ended, its workers go on: 'tgw lab up' starts it"
            )
    raise RestartError(f"the data plane didn't restart within {WITHIN_S:g} s")


@contextmanager
def _alone(site: Places, deadline: float) -> Iterator[None]:
    late = "another restart of the data plane doesn't end"
    within_s = deadline - time.monotonic()
    with ExitStack() as stack:
        try:
            stack.enter_context(
                turn(site.run / LOCK, mode=0o644, within_s=within_s, every_s=LOOK_S, late=late)
            )
        except FileNotFoundError:
            raise RestartError(f"lab {site.name} is not up: 'tgw lab up' builds it") from None
        except TimeoutError as error:
            raise RestartError(str(error)) from None
        yield

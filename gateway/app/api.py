"""The process that takes signed calls: it passes whole requests on to control, and may do no more.

Strangers reach it, be it on loopback or elsewhere. Control's descriptors and threads stay out of
their reach, and none of them keeps another waiting (`gateway.app.callers`).
"""

import gc
import logging

from gateway.api.relay import Relay
from gateway.app import listen, servers
from gateway.app.callers import local_callers
from gateway.app.startup import take_role
from gateway.net import privileges
from gateway.runtime import descriptors
from gateway.site import roles
from gateway.site.heartbeat import Heart

_log = logging.getLogger(__name__)


def run(lab: str, options: listen.Options) -> None:
    """Take signed calls as `options` say, until SIGTERM. Raises `RoleError` or `OSError`."""
    places = take_role(lab, roles.API)
    bounds = servers.LOCAL.within(descriptors.ask_for(servers.LOCAL.descriptors))
    with Heart(places.run, roles.API) as heart, local_callers() as callers:
        server = servers.server(
            Relay(places.api_socket, callers.signed),
            options.certificate,
            options.key,
            bounds=bounds,
            callers=callers,
            beat=heart.part(),
        )
        with listen.listener(options, places.endpoint) as listener:
            gc.freeze()  # what there is by now stays: it need not be looked through each time
            # All is open that needs root's rights.
            _log.info("api: %s", privileges.drop(privileges.API_USER, kept=0))
            server.run(sockets=[listener])

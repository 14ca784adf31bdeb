"""What becomes of an error: an exit status, and the line that a person reads."""

import re
from argparse import Namespace
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from gateway.api.client import ControlUnreachableError, NotDoneError
from gateway.api.credentials import CredentialsError
from gateway.api.errors import ApiError
from gateway.cli.output import EXIT_MISTAKE, EXIT_REFUSED, MistakeError, RefusedError
from gateway.control.errors import ControlError
from gateway.exchange.worker_page import WorkerRunningError
from gateway.fastpath.bpf import FastPathError
from gateway.lab.lifecycle import LabError
from gateway.lab.topology import TopologyError
from gateway.nat.table import BadTableError
from gateway.site.roles import RoleError
from gateway.steering.kernel import SteeringError
from gateway.store.records import StoreError

FAILURES: Final = (
    RefusedError,
    BadTableError,
    ControlError,
    CredentialsError,
    FastPathError,
    LabError,
    NetlinkError,
    NotDoneError,
    RoleError,
    SteeringError,
    StoreError,
    TopologyError,
    WorkerRunningError,
    OSError,
)
# Codes that say that the request itself was wrong, whatever there is in the lab …
MISTAKEN: Final = re.compile(
    r"InvalidParameter|MissingParameter|UnknownParameter|.*\.(Malformed|TooLong)$"
)
# … and those among them that speak of what there is.
OF_THE_LAB: Final = re.compile(
    r".*(AddressNotFound|IdNotFound|PackageNotFound|ResourceNotFound|NotExisted|AlreadyExisted"
    r"|InUse|TypeConflict|WanIP|NotChanged|Blocked|QuotaLimitExceeded)$"
)


def explained(error: Exception, arguments: Namespace) -> tuple[int, str]:
    """The exit status and the line. An error that no command should have is raised again."""
    if isinstance(error, ControlUnreachableError):
        line = f"control of lab {arguments.lab} doesn't answer ({error}): 'tgw lab up' starts it"
        return EXIT_REFUSED, line
    if isinstance(error, ApiError):
        mistake = MISTAKEN.match(error.code) and not OF_THE_LAB.match(error.code)
        return EXIT_MISTAKE if mistake else EXIT_REFUSED, f"{error.message} ({error.code})"
    if isinstance(error, MistakeError):
        return EXIT_MISTAKE, str(error)
    if isinstance(error, FAILURES):
        return EXIT_REFUSED, str(error)
    raise error

"""What becomes of an error: an exit status, and the line that a person reads."""

import re
from argparse import Namespace
from typing import Final

from gateway.api.client import ControlUnreachableError
from gateway.api.errors import ApiError
from gateway.cli.output import EXIT_MISTAKE, EXIT_REFUSED, MistakeError

# By name: what raised the error has been imported, and nothing else need be.
FAILURES: Final = frozenset(
    (
        "builtins:OSError",
        "gateway.api.client:NotDoneError",
        "gateway.api.credentials:CredentialsError",
        "gateway.cli.output:RefusedError",
        "gateway.control.errors.base:ControlError",
        "gateway.exchange.worker_page:WorkerRunningError",
        "gateway.fastpath.bpf:FastPathError",
        "gateway.lab.lifecycle:LabError",
        "gateway.lab.topology:TopologyError",
        "gateway.nat.fault:BadTableError",
        "gateway.site.roles:RoleError",
        "gateway.steering.kernel:SteeringError",
        "gateway.store.records:StoreError",
        "pyroute2.netlink.exceptions:NetlinkError",
    )
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
    if not FAILURES.isdisjoint(map(_name, type(error).__mro__)):
        return EXIT_REFUSED, str(error)
    raise error


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"

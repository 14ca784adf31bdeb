"""The command line: `tgw NOUN VERB …`, and what becomes of mistakes.

Exit status: 0 done, 1 refused or failed, 2 a mistake in the command line. Each of the latter two
comes with one line on standard error.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pyroute2.netlink.exceptions import NetlinkError

from gateway import __version__
from gateway.api.client import ControlUnreachableError, NotDoneError
from gateway.api.credentials import CredentialsError
from gateway.api.errors import ApiError
from gateway.cli import (
    account,
    backup,
    bill,
    block,
    credentials,
    demo,
    doctor,
    eip,
    hosts,
    instance,
    lab,
    package,
    processes,
    replay,
    show,
    trace,
)
from gateway.cli.output import EXIT_MISTAKE, EXIT_REFUSED, MistakeError, RefusedError
from gateway.cli.verbs import DEFAULT_LAB, LAB_VARIABLE, lab_option
from gateway.control.errors import ControlError
from gateway.exchange.worker_page import WorkerRunningError
from gateway.lab.lifecycle import LabError
from gateway.lab.topology import TopologyError
from gateway.nat.table import BadTableError
from gateway.site.roles import RoleError
from gateway.steering.kernel import SteeringError
from gateway.store.records import StoreError

NOUNS = (
    lab,
    instance,
    eip,
    package,
    block,
    account,
    credentials,
    hosts,
    show,
    trace,
    replay,
    doctor,
    demo,
    backup,
    processes,
    bill,
)
MISTAKES = (MistakeError, TopologyError)
FAILURES = (
    RefusedError,
    BadTableError,
    ControlError,
    CredentialsError,
    LabError,
    NetlinkError,
    NotDoneError,
    RoleError,
    SteeringError,
    StoreError,
    WorkerRunningError,
    OSError,
)
# Codes that say that the request itself was wrong, not that it came at the wrong time.
MISTAKEN_CODES = (
    "InvalidParameter",
    "InvalidInstanceName",
    "InvalidClientToken",
    "MissingParameter",
    "UnknownParameter",
)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2. The usage is in --help."""
        self.exit(EXIT_MISTAKE, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    common = lab_option(os.environ.get(LAB_VARIABLE) or DEFAULT_LAB)
    tgw = Parser(prog="tgw", description="A TGW-like 1:1 NAT gateway, and a lab to watch it in.")
    tgw.add_argument("--version", action="version", version=f"tgw {__version__}")
    nouns = tgw.add_subparsers(metavar="COMMAND", required=True)
    for module in NOUNS:
        module.add(nouns, common)
    return tgw


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Split here, because argparse's ways with "--" differ between versions of Python.
    dashes = words.index("--") if "--" in words else len(words)
    try:
        chosen = parser().parse_args(words[:dashes])
        chosen.after_dashes = words[dashes + 1 :]
        if "--" in words and not chosen.takes_command:
            raise MistakeError("'--' is for 'tgw exec HOST -- COMMAND…' only")
        status = chosen.run(chosen) or 0
        sys.stdout.flush()  # here, where it may fail with one line
        sys.exit(status)
    except ControlUnreachableError as error:
        _exit(
            EXIT_REFUSED,
            f"control of lab {chosen.lab} doesn't answer ({error}): 'tgw lab up' starts it",
        )
    except ApiError as error:
        mistake = error.code.startswith(MISTAKEN_CODES)
        _exit(EXIT_MISTAKE if mistake else EXIT_REFUSED, f"{error.message} ({error.code})")
    except MISTAKES as error:
        _exit(EXIT_MISTAKE, str(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_REFUSED)
    except FAILURES as error:
        _exit(EXIT_REFUSED, str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _exit(status: int, message: str) -> NoReturn:
    print(f"tgw: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()

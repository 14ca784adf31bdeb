"""tgw dataplane, control, metadata, api, web, watchdog: the lab's processes, in the foreground.

Each is imported only when it runs: some bring HTTP servers with them, and everything else starts
twice as fast without them.
"""

import argparse
from math import inf
from pathlib import Path
from typing import Any, Final

from gateway.cli import files
from gateway.cli.output import MistakeError, RefusedError
from gateway.cli.verbs import TGW, Subparsers, command
from gateway.dataplane.record import ENGINES, FAST_PATHS, QUEUES_MAX

PORT_MAX: Final = 65535
PEM_MAX: Final = 1 << 20  # bytes of certificates, or of a key


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the commands that are the lab's processes."""
    parser = command(nouns, common, "dataplane", dataplane)
    parser.add_argument(
        "action",
        nargs="?",
        choices=("restart",),
        help="new workers, and the program loaded again, without the loss of a packet",
    )
    parser.add_argument(
        "--engine", choices=ENGINES, help="what carries packets (default: as before, or auto)"
    )
    parser.add_argument(
        "--queues",
        type=_queues,
        metavar="N",
        help=f"queues, and workers: 1 to {QUEUES_MAX} (default: as before, or one per two cores)",
    )
    parser.add_argument(
        "--fastpath",
        choices=FAST_PATHS,
        help="whether the kernel carries what is plain (default: as before, or auto)",
    )
    parser = command(nouns, common, "control", control)
    parser.add_argument(
        "--api-rate",
        type=_rate,
        metavar="CALLS",
        help="calls a second of each action (default: the cloud's 10 or 20)",
    )
    parser = command(nouns, common, "api", api)
    parser.add_argument(
        "--listen",
        type=_address,
        metavar="HOST:PORT",
        help="where to take them (default: on loopback, the first free port from 9530)",
    )
    parser.add_argument("--cert", metavar="FILE", help="speak TLS there: the certificates, PEM")
    parser.add_argument("--key", metavar="FILE", help="and the certificate's key, PEM")
    command(
        nouns,
        common,
        "metadata",
        metadata,
    )
    command(nouns, common, "web", web)
    command(nouns, common, "watchdog", watchdog)


def dataplane(arguments: argparse.Namespace) -> None:
    """Be the data plane, or restart its workers."""
    names = ("engine", "queues", "fastpath")
    options = {name: getattr(arguments, name) for name in names}
    given = {name: value for name, value in options.items() if value is not None}
    if arguments.action == "restart":
        _restart(arguments.lab, given)
        return
    from gateway.app import dataplane as process
    from gateway.dataplane.supervisor import StartError

    try:
        process.run(arguments.lab, TGW, **given)
    except StartError as error:
        raise RefusedError(str(error)) from error


def _restart(lab: str, given: dict[str, Any]) -> None:
    from gateway.site.restart import RestartError, restart

    try:
        found = restart(lab, **given)
    except RestartError as error:
        raise RefusedError(str(error)) from error
    workers = f"{found.workers} workers" if found.workers > 1 else "1 worker"
    print(f"lab {lab}: dataplane restarted, {workers}, process {found.supervisor}")


def _queues(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= QUEUES_MAX):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {QUEUES_MAX}")
    return int(text)


def control(arguments: argparse.Namespace) -> None:
    """Be control: serve the API, and tell the metadata service what it may know."""
    from gateway.app import control as process

    process.run(arguments.lab, TGW, rate_per_s=arguments.api_rate)


def api(arguments: argparse.Namespace) -> None:
    """Be what takes signed calls, with no right but to pass them on."""
    if (arguments.cert is None) != (arguments.key is None):
        raise MistakeError("--cert and --key go together")
    for file in (arguments.cert, arguments.key):
        if file is not None:
            files.content(Path(file), PEM_MAX)  # a file without an end would be read for ever
    from gateway.app import api as process
    from gateway.app.listen import Options

    host, port = arguments.listen or (None, None)
    process.run(arguments.lab, Options(host, port, arguments.cert, arguments.key))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= PORT_MAX):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return rate


def metadata(arguments: argparse.Namespace) -> None:
    """Be the metadata service and the way to the API, with no right but to answer."""
    from gateway.app import metadata as process

    process.run(arguments.lab)


def web(arguments: argparse.Namespace) -> None:
    """Be the web server on the lab's internet."""
    from gateway.app import web as process

    process.run(arguments.lab)


def watchdog(arguments: argparse.Namespace) -> None:
    """Be the watchdog of the lab's other processes."""
    from gateway.app import watchdog as process

    process.run(arguments.lab, TGW)

"""tgw dataplane, tgw control: the lab's processes, in the foreground.

The composition root is imported only here and only when one runs: it brings the HTTP servers with
it, and every other command starts twice as fast without them.
"""

import argparse

from gateway.cli.output import need_root
from gateway.cli.verbs import Subparsers, verb


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    verb(nouns, common, "dataplane", dataplane, "Be the lab's data plane")
    verb(nouns, common, "control", control, "Be the lab's control: API, metadata, mapping table")
    verb(nouns, common, "web", web, "Be the internet's 'what is my address' server")


def dataplane(arguments: argparse.Namespace) -> None:
    """Carry packets."""
    need_root()
    from gateway import app

    app.run_dataplane(arguments.lab)


def control(arguments: argparse.Namespace) -> None:
    """Serve commands."""
    need_root()
    from gateway import app

    app.run_control(arguments.lab)


def web(arguments: argparse.Namespace) -> None:
    """Serve the internet."""
    need_root()
    from gateway import app

    app.run_web(arguments.lab)

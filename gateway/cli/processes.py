"""tgw dataplane, tgw control: the lab's processes, in the foreground.

Each is imported only when it runs: control brings HTTP servers with it, and everything else starts
twice as fast without them.
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
    from gateway.app import dataplane as process

    process.run(arguments.lab)


def control(arguments: argparse.Namespace) -> None:
    """Serve commands."""
    need_root()
    from gateway.app import control as process

    process.run(arguments.lab)


def web(arguments: argparse.Namespace) -> None:
    """Serve the internet."""
    need_root()
    from gateway.app import web as process

    process.run(arguments.lab)

"""The first module of the command: while all others are imported, Ctrl-C just ends the process.

Python turns Ctrl-C into an exception, whose traceback would be all that a user sees of an import
that is cut. `main` takes the exception back when it can tell what to do with it.
"""

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Run the command that was given, and exit."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not if it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gateway.cli import main as command

    command.main()


if __name__ == "__main__":
    main()

"""The command line: `tgw NOUN VERB …`, and what becomes of mistakes.

Exit status: 0 done, 1 refused or failed, 2 a mistake in the command line. Each of the latter two
comes with one line on standard error.

Only the module of the command that is called is imported: all of them take four times as long to
start as most of them by themselves.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Final, NoReturn

from gateway import __version__
from gateway.cli.output import EXIT_MISTAKE, EXIT_REFUSED, MistakeError
from gateway.cli.verbs import DEFAULT_LAB, LAB_VARIABLE, lab_option

# Each command of `tgw`, and the module that declares it.
COMMANDS: Final = {
    "lab": "lab",
    "instance": "instance",
    "eip": "eip",
    "package": "package",
    "block": "block",
    "unblock": "block",
    "account": "account",
    "credentials": "credentials",
    "exec": "hosts",
    "shell": "hosts",
    "table": "show",
    "counters": "show",
    "events": "show",
    "trace": "trace",
    "replay": "replay",
    "doctor": "doctor",
    "demo": "demo",
    "backup": "backup",
    "restore": "backup",
    "dataplane": "processes",
    "control": "processes",
    "metadata": "processes",
    "web": "processes",
    "bill": "bill",
}


class Parser(argparse.ArgumentParser):
    """A parser that prints each error in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2. The usage is in --help."""
        self.exit(EXIT_MISTAKE, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def parser(command: str = "") -> argparse.ArgumentParser:
    """The command's part of the command line; all of it for what is no command."""
    common = lab_option(os.environ.get(LAB_VARIABLE) or DEFAULT_LAB)
    tgw = Parser(prog="tgw", description="A TGW-like 1:1 NAT gateway, and a lab to watch it in.")
    tgw.add_argument("--version", action="version", version=f"tgw {__version__}")
    nouns = tgw.add_subparsers(metavar="COMMAND", required=True)
    modules = [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in modules:
        import_module(f"gateway.cli.{module}").add(nouns, common)
    return tgw


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that was given, and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Split here, because argparse's ways with "--" differ between versions of Python.
    dashes = words.index("--") if "--" in words else len(words)
    chosen = argparse.Namespace()
    try:
        chosen = parser(*words[:1]).parse_args(words[:dashes])
        chosen.after_dashes = words[dashes + 1 :]
        if "--" in words and not chosen.takes_command:
            raise MistakeError("'--' is for 'tgw exec HOST -- COMMAND…' only")
        with _interruptible():
            status = chosen.run(chosen) or 0
        sys.stdout.flush()  # here, where it may fail with one line
        sys.exit(status)
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  raised again if it is none of those explained
        from gateway.cli import failures  # only now: it imports nearly everything for its errors

        status, line = failures.explained(error, chosen)
        print(f"tgw: {' '.join(line.split())}", file=sys.stderr)
        sys.exit(status)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C is an exception in the block; before and after it ends the process, as `start` has it.

    Nothing is half done then, and there is nothing to tidy up.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if before is signal.SIG_DFL:
            signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    main()

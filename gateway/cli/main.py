"""One command from its words to its exit status: a mistake or a failure becomes one line.

Exit status: 0 done, 2 a mistake in the command, 1 everything else; 130 after Ctrl-C. With 1 and 2
comes one line on standard error (docs/adr/0035).
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

from gateway.cli import commands, streams
from gateway.cli.output import EXIT_REFUSED, MistakeError, need_root

EXIT_INTERRUPTED: Final = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that was given, and exit."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with _interruptible():
            status = attempt(words)
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    sys.exit(status)


def attempt(words: Sequence[str]) -> int:
    """Carry the command out; the exit status. A mistake of our own is raised."""
    chosen = argparse.Namespace()
    try:
        streams.prepare()
        chosen = parsed(words)
        if chosen.needs_root:
            need_root()
        status = int(chosen.run(chosen) or 0)
    except BrokenPipeError:
        streams.abandon()  # whoever read our output has seen enough
        return EXIT_REFUSED
    except SystemExit as ended:  # of the parser's, or of what a command calls
        status = ended.code if isinstance(ended.code, int) else EXIT_REFUSED
    except Exception as error:  # noqa: BLE001  raised again if it is none of those explained
        from gateway.cli import failures  # only now: it imports nearly everything for its errors

        status, line = failures.explained(error, chosen)
        streams.say(f"tgw: {' '.join(line.split())}")
    failure = streams.finish()
    if failure and status == 0:
        if not isinstance(failure, BrokenPipeError):
            streams.say(f"tgw: standard output: {failure.strerror}")
        return EXIT_REFUSED
    return status


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """What the words ask for. Raises `MistakeError` or `SystemExit`."""
    # Split here, because argparse's ways with "--" differ between versions of Python.
    dashes = words.index("--") if "--" in words else len(words)
    ordered = commands.behind_the_verb(words[:dashes])
    chosen = commands.parser(*commands.called(ordered)).parse_args(ordered)
    chosen.after_dashes = list(words[dashes + 1 :])
    if "--" in words and not chosen.takes_command:
        raise MistakeError("'--' is for 'tgw exec HOST -- COMMAND…' only")
    return chosen


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

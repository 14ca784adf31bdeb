"""Where the demo happens: commands that are really run, and what is told of each step.

A step runs commands, shows their output, and says whether that is what it should be.
"""

import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.runtime.waiting import looks
from gateway.site.command import Command

COMMAND_WITHIN_S: Final = 30.0


class StageError(RuntimeError):
    """A step can't go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One command and what it printed; `status` is its exit status."""

    command: str
    output: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a step claims, and how it shows it: a function that returns whether it is so."""

    title: str
    show: Callable[["Stage"], bool]


@dataclass
class Told:
    """Keep the outcome of a shown step: its success and its evidence."""

    title: str
    ok: bool = False
    evidence: list[Shown] = field(default_factory=list)


class Stage:
    """One lab with the commands run in it; what steps learn for later ones is kept in `known`."""

    def __init__(
        self, lab: str, folder: Path, command: Command, environment: Mapping[str, str]
    ) -> None:
        """The lab is up; `folder` is for files of the demo.

        `command` with `environment` acts on the lab without being told its name.
        """
        self.lab = lab
        self._command = command
        self._environment = environment
        self.folder = folder
        self.known: dict[str, str] = {}
        self._evidence: list[Shown] = []
        self._background: list[subprocess.Popen[str]] = []

    def tell(self, step: Step) -> Told:
        """Show one step. Whatever goes wrong in it makes it a failed step, not a failed demo."""
        self._evidence = []
        told = Told(step.title, evidence=self._evidence)
        try:
            told.ok = step.show(self)
        except KeyError as error:
            self.note(f"{error} isn't known: the step that tells it has failed")
        except StageError as error:
            self.note(str(error))
        except Exception as error:  # noqa: BLE001  it is told, and the next step is shown
            self.note(f"{type(error).__name__}: {error}")
        return told

    def tgw(self, *words: str, quiet: bool = False) -> Shown:
        """Run `tgw WORDS…` on this lab; shown unless `quiet`."""
        done = self._run(words)
        shown = Shown(shlex.join(("tgw", *words)), done.stdout + done.stderr, done.returncode)
        if not quiet:
            self._evidence.append(shown)
        return shown

    def ask(self, *words: str) -> Any:
        """What `tgw WORDS… --json` says; not shown. Raises `StageError` if it is refused."""
        done = self._run((*words, "--json"))
        if done.returncode:
            raise StageError(done.stderr.strip())
        return json.loads(done.stdout)

    def note(self, text: str) -> None:
        """Show a text that isn't a command's output."""
        self._evidence.append(Shown("", text))

    def start(self, *words: str, output: Path, ready: str) -> subprocess.Popen[str]:
        """Run `tgw WORDS…` in the background until the demo ends or it is stopped.

        Returns when its output has `ready`. Raises `StageError` if it doesn't come.
        """
        self._evidence.append(Shown(shlex.join(("tgw", *words)) + " &", ""))
        with output.open("w") as file:
            process = subprocess.Popen(
                self._command.line(*words),
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.adopt(process)
        self.wait_for(ready, output, process)
        return process

    def adopt(self, process: subprocess.Popen[str]) -> None:
        """Register a background process, which `close` ends with the demo."""
        self._background.append(process)

    def wait_for(
        self, pattern: str, output: Path, writer: "subprocess.Popen[str] | None" = None
    ) -> re.Match[str]:
        """Wait until a file has text that matches, or its writer has ended without it.

        Raises `StageError` if it doesn't come.
        """
        for _ in looks(COMMAND_WITHIN_S, 0.02):
            ended = writer is not None and writer.poll() is not None
            if found := re.search(pattern, output.read_text(errors="replace")):
                return found
            if ended:
                break
        raise StageError(
            f"{output.name} never showed {pattern!r}: {output.read_text(errors='replace')}"
        )

    def stop(self, process: subprocess.Popen[str]) -> None:
        """Terminate a background process; kill it if it stays for `COMMAND_WITHIN_S`."""
        process.terminate()
        try:
            process.wait(COMMAND_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _run(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self._command.line(*words),
                env=self._environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=COMMAND_WITHIN_S,
            )
        except subprocess.TimeoutExpired as error:
            raise StageError(f"{shlex.join(('tgw', *words))} takes too long") from error

    def close(self) -> None:
        """Stop the background processes that are still running."""
        for process in self._background:
            if process.poll() is None:
                self.stop(process)


@contextmanager
def stage(lab: str, command: Command, environment: Mapping[str, str]) -> Iterator[Stage]:
    """A stage in a lab that is up, with a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"tgw-{lab}-") as folder:
        found = Stage(lab, Path(folder), command, environment)
        try:
            yield found
        finally:
            found.close()

import argparse
import re
import signal
import subprocess
import sys
from importlib import import_module

import pytest

from gateway import __version__
from gateway.api.client import ControlUnreachableError
from gateway.api.errors import ApiError
from gateway.cli import commands
from gateway.cli.contents import COMMANDS
from gateway.cli.failures import FAILURES
from gateway.cli.main import main
from gateway.cli.output import MistakeError, RefusedError
from gateway.cli.verbs import lab_option
from gateway.control.errors import AdapterError
from gateway.exchange.worker_page import WorkerRunningError
from gateway.lab.lifecycle import LabError
from gateway.lab.topology import TopologyError
from gateway.site.roles import RoleError
from gateway.steering.kernel import SteeringError
from gateway.store.records import StoreError

from .conftest import Tgw

MISTAKES = [
    pytest.param([], "tgw: the following arguments are required: COMMAND", id="nothing"),
    pytest.param(["fly"], "tgw: argument COMMAND: invalid choice: 'fly'", id="unknown-noun"),
    pytest.param(["eip"], "tgw eip: the following arguments are required: VERB", id="no-verb"),
    pytest.param(["eip", "fly"], "tgw eip: argument VERB: invalid choice", id="unknown-verb"),
    pytest.param(["eip", "bind"], "tgw eip bind: the following arguments are r", id="no-words"),
    pytest.param(["eip", "bind", "x"], "are required: INSTANCE", id="one-word-missing"),
    pytest.param(["eip", "list", "x"], "unrecognized arguments: x", id="one-word-too-many"),
    pytest.param(["eip", "list", "--jsn"], "unrecognized arguments: --jsn", id="unknown-option"),
    pytest.param(["eip", "allocate", "--bandwidth", "fast"], "is no whole number", id="no-number"),
    pytest.param(["eip", "allocate", "--charge-type", "free"], "invalid choice: 'fr", id="choice"),
    pytest.param(["lab", "graph", "--format", "png"], "invalid choice: 'png'", id="format"),
    pytest.param(["lab", "up", "--topology"], "expected one argument", id="option-without-value"),
    pytest.param(["lab", "up", "--lab", "A/B"], "'A/B' can't name a lab", id="lab-name"),
    pytest.param(["lab", "up", "--lab", "../x"], "'../x' can't name a lab", id="lab-name-dots"),
    pytest.param(["lab", "up", "--lab", ""], "'' can't name a lab", id="lab-name-empty"),
    pytest.param(["events", "--last", "x"], "is no whole number", id="last-no-number"),
    pytest.param(["exec"], "tgw exec: the following arguments are required: HOST", id="no-host"),
]

NOUNS = {
    "lab": ("up", "down", "status", "graph"),
    "instance": ("run", "list", "show", "start", "stop", "reboot", "terminate"),
    "eip": ("allocate", "bind", "unbind", "release", "list"),
    "credentials": (),
    **dict.fromkeys(
        ("exec", "shell", "table", "counters", "events", "doctor", "demo", "dataplane", "control"),
        (),
    ),
}
WORDS = [[noun] for noun in NOUNS] + [[n, verb] for n, verbs in NOUNS.items() for verb in verbs]

ENDS = [
    pytest.param(MistakeError("say what"), 2, "say what", id="mistake"),
    pytest.param(TopologyError("x is damaged"), 1, "x is damaged", id="topology"),
    pytest.param(ApiError("InvalidParameterValue", "too much"), 2,
                 "too much (InvalidParameterValue)", id="api-invalid-value"),
    pytest.param(ApiError("InvalidParameterValue.AddressTypeConflict", "no EIP"), 1,
                 "no EIP (InvalidParameterValue.AddressTypeConflict)", id="api-invalid-detail"),
    pytest.param(ApiError("MissingParameter", "which"), 2, "which (MissingParameter)",
                 id="api-missing"),
    pytest.param(ApiError("UnknownParameter", "what"), 2, "what (UnknownParameter)",
                 id="api-unknown"),
    pytest.param(ApiError("ResourceInsufficient", "empty"), 1, "empty (ResourceInsufficient)",
                 id="api-refused"),
    pytest.param(ControlUnreachableError("refused"), 1,
                 "control of lab edge doesn't answer (refused): 'tgw lab up' starts it",
                 id="control-unreachable"),
    pytest.param(RefusedError("not up"), 1, "not up", id="refused"),
    pytest.param(AdapterError("the world"), 1, "the world", id="control"),
    pytest.param(LabError("half"), 1, "half", id="lab"),
    pytest.param(RoleError("taken"), 1, "taken", id="role"),
    pytest.param(SteeringError("nft: no"), 1, "nft: no", id="steering"),
    pytest.param(StoreError("damaged"), 1, "damaged", id="store"),
    pytest.param(WorkerRunningError("worker 0"), 1, "worker 0", id="worker"),
    pytest.param(PermissionError(13, "Permission denied", "/x"), 1,
                 "[Errno 13] Permission denied: '/x'", id="oserror"),
    pytest.param(RefusedError("two\nlines  and\tspaces"), 1, "two lines and spaces", id="lines"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_a_mistake_is_one_line_and_exit_2(tgw: Tgw, words: list[str], message: str) -> None:
    done = tgw(*words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("tgw")
    assert "--help" in done.err


def test_a_lab_name_in_the_environment_is_checked_too(
    tgw: Tgw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGW_LAB", "No Lab")
    done = tgw("lab", "status")
    assert done.status == 2
    assert "'No Lab' can't name a lab" in done.err


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_command_has_help(tgw: Tgw, words: list[str]) -> None:
    done = tgw(*words, "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"usage: tgw {' '.join(words)} ")


def test_the_help_names_every_command(tgw: Tgw) -> None:
    out = tgw("--help").out
    assert [noun for noun in NOUNS if not re.search(rf"^    {noun}\b", out, re.MULTILINE)] == []


def test_each_module_declares_the_commands_that_are_said_to_be_its() -> None:
    declared: dict[str, str] = {}
    modules = {command: where.module for command, where in COMMANDS.items()}
    for module in modules.values():
        nouns = argparse.ArgumentParser().add_subparsers()
        import_module(f"gateway.cli.{module}").add(nouns, lab_option("lab"))
        declared |= dict.fromkeys(nouns.choices, module)
    assert declared == modules


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_each_failure_that_is_named_is_an_exception(name: str) -> None:
    module, _, kind = name.partition(":")
    found = getattr(import_module(module), kind)
    assert issubclass(found, Exception)
    assert (found.__module__, found.__qualname__) == (module, kind)


def test_the_version(tgw: Tgw) -> None:
    assert tgw("--version") == (0, f"tgw {__version__}\n", "")


def raising(error: BaseException) -> argparse.ArgumentParser:
    def run(_arguments: argparse.Namespace) -> None:
        raise error

    parser = argparse.ArgumentParser()
    parser.set_defaults(run=run, lab="edge", needs_root=False)
    return parser


@pytest.mark.parametrize(("error", "status", "line"), ENDS)
def test_what_goes_wrong_is_one_line_and_its_status(
    tgw: Tgw, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, line: str
) -> None:
    monkeypatch.setattr(commands, "parser", lambda *_: raising(error))
    assert tgw() == (status, "", f"tgw: {line}\n")


def test_an_interrupted_command_says_nothing(tgw: Tgw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "parser", lambda *_: raising(KeyboardInterrupt()))
    assert tgw() == (130, "", "")


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "parser", lambda *_: raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main([])


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_command_returns_is_the_exit_status(
    tgw: Tgw, monkeypatch: pytest.MonkeyPatch, returned: int | None, status: int
) -> None:
    parser = argparse.ArgumentParser()
    parser.set_defaults(run=lambda _: returned, needs_root=False)
    monkeypatch.setattr(commands, "parser", lambda *_: parser)
    assert tgw() == (status, "", "")


@pytest.mark.parametrize(
    ("words", "after"),
    [
        pytest.param(["--", "ls", "-l"], ["ls", "-l"], id="a-command-with-an-option"),
        pytest.param(["--", "x", "--", "--json"], ["x", "--", "--json"], id="dashes-of-its-own"),
        pytest.param(["--"], [], id="nothing"),
        pytest.param([], [], id="no-dashes"),
    ],
)
def test_the_words_after_the_dashes_are_not_ours(
    tgw: Tgw, monkeypatch: pytest.MonkeyPatch, words: list[str], after: list[str]
) -> None:
    seen: list[argparse.Namespace] = []
    parser = argparse.ArgumentParser()
    parser.set_defaults(run=seen.append, takes_command=True, needs_root=False)
    monkeypatch.setattr(commands, "parser", lambda *_: parser)
    assert tgw(*words).status == 0
    assert [arguments.after_dashes for arguments in seen] == [after]


def test_words_after_dashes_are_for_exec_only(tgw: Tgw) -> None:
    """`tgw lab down -- --keep-state` must not take the event log with it."""
    status, output, error = tgw("lab", "graph", "--", "--format", "svg")
    assert (status, output) == (2, "")
    assert error == "tgw: '--' is for 'tgw exec HOST -- COMMAND…' only\n"


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli.start", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"tgw {__version__}\n"


@pytest.mark.parametrize("words", [("lab", "status"), ("eip", "list"), ("events", "--last", "1")])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(words: tuple[str, ...]) -> None:
    """Where it comes is told by an import hook: in each of many modules, one after the other."""
    program = """
import os, signal, sys
from gateway.cli import start
class Hook:
    def find_spec(self, name, path=None, target=None):
        seen.append(name)
        if len(seen) == at:
            os.kill(os.getpid(), signal.SIGINT)
at, seen = int(sys.argv.pop(1)), []
sys.meta_path.insert(0, Hook())
start.main()
"""
    for at in (1, 2, 5, 20, 50):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                program,
                str(at),
                *words,
                *(("--lab", "none") * (len(words) > 1)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) in ((-signal.SIGINT, ""), (130, "")), at


def test_ctrl_c_is_ignored_where_it_was_ignored_before() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.cli.start import main; main()", "--version"],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        check=False,
        stdout=subprocess.DEVNULL,
    )
    assert done.returncode == 0

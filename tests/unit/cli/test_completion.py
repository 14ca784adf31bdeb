"""tgw completion: what may come next, and the scripts in real shells."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.verbs import verbs
from support.world import World

from gateway.cli.completion import SCRIPTS
from gateway.cli.contents import COMMANDS

from .conftest import LAB, Tgw

# Words in front, the last one begun, and what is offered.
OFFERED = [
    pytest.param(["e"], ["eip", "exec", "events"], id="command"),
    pytest.param(["eip", "b"], ["bind"], id="verb"),
    pytest.param(["--lab", "x", "eip", "u"], ["unbind"], id="behind-a-lab"),
    pytest.param(["--lab=x", "--json", "eip", "u"], ["unbind"], id="behind-a-lab-in-one-word"),
    pytest.param(["--lab", "=", "x", "eip", "u"], ["unbind"], id="cut-by-the-shell"),
    pytest.param(["eip", "allocate", "--b"], ["--bandwidth"], id="option"),
    pytest.param(["eip", "--"], ["--help", "--lab", "--json"], id="option-before-the-verb"),
    pytest.param(["lab", "graph", "--format", "s"], ["svg"], id="value"),
    pytest.param(["completion", ""], ["bash", "fish", "zsh"], id="choice"),
    pytest.param(["eip", "fly", ""], [], id="behind-no-verb"),
    pytest.param(["fly", ""], [], id="behind-no-command"),
    pytest.param(["exec", "web", "--", "l"], [], id="somebody-elses-command"),
    pytest.param(["instance", "show", "--json", "w"], ["web"], id="instance"),
    pytest.param(["exec", "w"], ["web"], id="host"),
    pytest.param(["eip", "bind", "s"], ["shop"], id="eip"),
    pytest.param(["eip", "bind", "shop", "w"], ["web"], id="second-word"),
    pytest.param(["eip", "bind", "shop", "web", ""], [], id="one-word-too-many"),
    pytest.param(["package", "add", "p", "shop", "s"], ["shop"], id="one-of-many-words"),
    pytest.param(["block", "203"], ["203.0.113.1"], id="address"),
    pytest.param(["lab", "up", "--lab", ""], [LAB], id="lab"),
]


def offered(tgw: Tgw, *words: str) -> list[str]:
    done = tgw("completion", "bash", "--", *words)
    assert (done.status, done.err) == (0, "")
    return done.out.splitlines()


@pytest.mark.parametrize(("words", "expected"), OFFERED)
def test_what_may_come_next(tgw: Tgw, world: World, words: list[str], expected: list[str]) -> None:
    world.allocate("shop")
    world.run("web")
    assert offered(tgw, *words) == expected


def test_every_verb_and_every_option_is_offered(tgw: Tgw) -> None:
    assert offered(tgw, "") == list(COMMANDS)
    for verb in verbs():
        *before, last = verb.words
        assert last in offered(tgw, *before, last)
        options = {name for name in verb.parser._option_string_actions if name.startswith("--")}
        assert set(offered(tgw, *verb.words, "--")) == options


def test_a_name_that_a_shell_would_act_on_is_not_offered(tgw: Tgw, world: World) -> None:
    for name in ("$(reboot)", "a b", "`id`", "-rf", "a;b", "web"):
        world.run(name)
    assert offered(tgw, "instance", "show", "") == ["web"]


def test_without_a_lab_there_are_no_names_and_no_words(tgw: Tgw, root: None) -> None:
    assert offered(tgw, "instance", "show", "") == []


# Each shell, what tells it where we stand, and how it prints what it would offer.
SHELLS = {
    "bash": """\
{script}
COMP_WORDS=({words}) COMP_CWORD={last}
_tgw
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    "zsh": """\
compdef() {{ }}
_describe() {{ print -l -- "${{(@)${{(P)2}}%%:*}}" }}
_files() {{ }}
{script}
words=({words}) CURRENT={last}
(( CURRENT++ ))
_tgw
""",
    "fish": """\
{script}
complete -C '{line}' | string split -f1 \\t
""",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} isn't here")
    program = tmp_path / "tgw"
    program.write_text(f'#!/bin/sh\nexec {json.dumps(sys.executable)} -m gateway.cli.main "$@"\n')
    program.chmod(0o755)
    script = SHELLS[shell].format(
        script=SCRIPTS[shell], words="tgw lab gr", last=2, line="tgw lab gr"
    )
    done = subprocess.run(
        [shell, "-c", script],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("graph\n", "")

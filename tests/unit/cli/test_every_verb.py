"""What every verb of the parser has in common, whatever it does; the parser makes the rows."""

import os
import stat
from pathlib import Path

import pytest
from support.verbs import Verb, is_path, verbs
from support.world import World

from gateway.cli.main import parsed

from .conftest import Tgw

VERBS = verbs()
WITHOUT_ROOT = {"replay", "doctor", "lab graph", "completion"}
NO_ROOT = (1, "", "tgw: this needs root's rights: run it as root\n")
# Words for what may be anything: an instance, an address, a number, a name.
HOSTILE = ["", "-", "--", "x" * 5000, "9" * 30, "-1", "../..", "\udcff", "a\nb", "$(id)", "\uff11"]
# These act on the machine, or go on for ever: what they take is tested without them.
PROCESSES = {"dataplane", "control", "metadata", "api", "web"}
ACTING = {"lab up", "lab down", "demo", "trace", "doctor"} | PROCESSES


def ids(one: object) -> str:
    return str(one) if isinstance(one, Verb) else ""


def takes(line: list[str]) -> bool:
    """Whether the parser takes the words."""
    try:
        parsed(line)
    except SystemExit:
        return False
    return True


def test_the_parser_has_verbs() -> None:
    assert len(VERBS) > 35
    assert {str(verb) for verb in VERBS} > {"lab up", "eip bind", "exec", "completion"}


def understood(line: list[str]) -> dict[str, object]:
    """What the words ask for; functions are made anew each time, and are compared by name."""
    return vars(parsed(line)) | {"run": None}


@pytest.mark.parametrize("verb", VERBS, ids=ids)
def test_common_options_stand_before_and_behind_the_verb(verb: Verb) -> None:
    given = ["--lab", "other", *(["--json"] if verb.has("--json") else [])]
    first, rest = list(verb.words[:1]), verb.line()[1:]
    if "--lab" not in verb.parser._option_string_actions:
        pytest.fail(f"{verb} takes no --lab")
    expected = understood([*first, *rest, *given])
    assert expected["lab"] == "other"
    assert understood([*given, *first, *rest]) == expected
    assert understood([*first, *given, *rest]) == expected
    assert understood(["--lab=other", *given[2:], *first, *rest]) == expected


@pytest.mark.parametrize("verb", [verb for verb in VERBS if not verb.has("--json")], ids=ids)
def test_json_is_refused_by_what_shows_nothing(tgw: Tgw, verb: Verb) -> None:
    done = tgw("--json", *verb.line())
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("verb", VERBS, ids=ids)
def test_without_root_every_verb_says_so_in_the_same_words(
    tgw: Tgw, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    assert verb.parser.get_default("needs_root") is (str(verb) not in WITHOUT_ROOT)
    if str(verb) not in WITHOUT_ROOT:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        assert tgw(*verb.line("/nowhere")) == NO_ROOT


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.options], ids=ids)
def test_an_options_value_is_taken_or_a_mistake(tgw: Tgw, verb: Verb) -> None:
    for option in verb.options:
        for word in HOSTILE:
            line = [*verb.line(), f"{option.option_strings[0]}={word}"]
            if takes(line):
                continue
            done = tgw(*line)
            assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
            assert len(done.err) < 600


@pytest.mark.parametrize("verb", [verb for verb in VERBS if str(verb) not in ACTING], ids=ids)
def test_what_a_verb_is_about_may_be_any_word(
    tgw: Tgw, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    """Nothing is changed, and one line says why; a traceback would end this test."""
    monkeypatch.chdir(tmp_path)
    world.run()
    world.allocate()
    before = world.records()
    for word in (word for word in HOSTILE if word in verb.line(word)):
        done = tgw(*verb.line(word))
        assert done.status in ((0, 2) if str(verb) == "completion" else (1, 2)), word
        if done.status:
            assert (done.out, done.err.count("\n")) == ("", 1), word
    assert world.records() == before


FILES = [
    (verb, action)
    for verb in VERBS
    for action in verb.parser._actions
    if is_path(action) and str(verb) not in {"trace", "lab up"}
]


@pytest.mark.parametrize(("verb", "action"), FILES, ids=ids)
def test_a_file_may_be_anything(
    tgw: Tgw, world: World, tmp_path: Path, verb: Verb, action: object
) -> None:
    """What is endless, no file, in a circle or not there is one line; a device stays one."""
    circle, short = tmp_path / "circle", tmp_path / "short"
    circle.symlink_to(circle)
    short.write_bytes(b"{}")
    world.run()
    before = world.records()
    for path in ("/dev/zero", "/dev/null", "/", str(circle), "/nowhere/x", "x" * 300, str(short)):
        name = action.option_strings[0] if action.option_strings else ""  # type: ignore[attr-defined]
        line = verb.line(str(short), **{action.dest: path})  # type: ignore[attr-defined]
        if name and not action.required:  # type: ignore[attr-defined]
            line += [name, path]
        if verb.has("--force"):
            line.append("--force")
        done = tgw(*line)
        assert done.status in (0, 1, 2)
        if done.status:
            assert (done.out, done.err.count("\n")) == ("", 1), (path, done)
    for device in ("/dev/zero", "/dev/null"):
        assert stat.S_ISCHR(Path(device).stat().st_mode)
    if str(verb) != "instance run":
        assert world.records() == before

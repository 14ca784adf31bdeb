"""What becomes of the fast path when workers come and go, and when it can't be had."""

import os

import pytest

from gateway.dataplane import signals
from gateway.dataplane.fast_path import Beside
from gateway.dataplane.record import AUTO, OFF, ON
from gateway.fastpath.bpf import FastPathError


class Kernel:
    """A kernel that notes what it is told, and refuses what it is to refuse."""

    def __init__(self, *refused: str) -> None:
        self.told: list[str] = []
        self._refused = refused

    def prepare(self) -> None:
        self._tell("prepare")

    def carry(self) -> None:
        self._tell("carry")

    def retire(self) -> None:
        self._tell("retire")

    def look(self) -> None:
        self._tell("look")

    def _tell(self, what: str) -> None:
        self.told.append(what)
        if what in self._refused:
            raise FastPathError(f"no {what}")


def beside_workers(kernel: Kernel, *, remains: bool = False) -> Beside:
    return Beside(lambda: kernel, lambda: remains)


def test_it_carries_when_workers_are_in_service() -> None:
    kernel = Kernel()
    beside = beside_workers(kernel)
    beside.prepare(ON)
    beside.look()
    assert beside.state == OFF
    beside.carry()
    beside.look()
    assert (beside.state, kernel.told) == (ON, ["prepare", "carry", "look"])


def test_what_was_never_wanted_is_left_alone() -> None:
    kernel = Kernel()
    beside = beside_workers(kernel)
    beside.prepare(OFF)
    beside.carry()
    beside.look()
    beside.give_up("asked to end")
    assert (beside.state, kernel.told) == (OFF, [])


def test_what_there_was_is_retired() -> None:
    kernel = Kernel()
    beside = beside_workers(kernel, remains=True)
    beside.prepare(OFF)
    assert (beside.state, kernel.told) == (OFF, ["retire"])


@pytest.mark.parametrize("refused", ["prepare", "carry"])
def test_with_auto_the_workers_do_without(refused: str) -> None:
    kernel = Kernel(refused)
    beside = beside_workers(kernel)
    beside.prepare(AUTO)
    beside.carry()
    beside.look()
    assert beside.state == f"no {refused}"
    assert kernel.told[-1] == refused


@pytest.mark.parametrize(("wanted", "refused"), [(ON, "prepare"), (OFF, "retire")])
def test_what_is_asked_for_by_name_is_a_must(wanted: str, refused: str) -> None:
    with pytest.raises(FastPathError):
        beside_workers(Kernel(refused), remains=True).prepare(wanted)


@pytest.mark.parametrize("refused", [(), ("retire",)])
def test_it_is_given_up_with_the_workers_it_was_for(refused: tuple[str, ...]) -> None:
    kernel = Kernel(*refused)
    beside = beside_workers(kernel)
    beside.prepare(AUTO)
    beside.give_up("asked to end")
    beside.carry()
    assert kernel.told == ["prepare", "retire"]
    assert beside.state == "asked to end"


@pytest.mark.parametrize("refused", [(), ("retire",)])
def test_it_ends_with_workers_that_are_asked_to(
    refused: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    kernel = Kernel(*refused)
    beside = beside_workers(kernel)
    beside.end()
    beside.prepare(AUTO)
    beside.carry()
    beside.end()
    beside.end()
    assert (beside.state, kernel.told) == (OFF, ["prepare", "carry", "retire"])
    assert bool(caplog.messages) == bool(refused)


def test_what_is_lost_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *told: sent.append(told))
    beside = beside_workers(Kernel("look"))
    beside.prepare(ON)
    beside.carry()
    for _ in range(2):
        beside.look()
    assert sent == [(os.getpid(), signals.ANEW)]

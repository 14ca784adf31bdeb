"""Which engine runs where: the kernel and the extension are stood in for."""

import logging
from collections.abc import Callable

import pytest

from gateway.dataplane import engines
from gateway.dataplane.engines import EngineError
from gateway.engine import batch_queue, rules


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that can do everything, whatever the one here can."""
    monkeypatch.setattr(batch_queue, "probe", lambda: None)


def without_extension(monkeypatch: pytest.MonkeyPatch) -> str:
    def missing() -> rules.Rules:
        raise ImportError("No module named 'gateway.compiled'")

    monkeypatch.setattr(rules, "compiled", missing)
    return "no compiled rules (No module named 'gateway.compiled')"


def without_aggregates(monkeypatch: pytest.MonkeyPatch) -> str:
    def refused() -> None:
        raise OSError(95, "queue 65535: Operation not supported")

    monkeypatch.setattr(batch_queue, "probe", refused)
    return "the kernel can't queue aggregates ([Errno 95] queue 65535: Operation not supported)"


Lack = Callable[[pytest.MonkeyPatch], str]
LACKS = pytest.mark.parametrize("lack", [without_extension, without_aggregates])


@pytest.mark.parametrize("name", ["auto", "batch"])
def test_the_batch_engine_is_the_default(name: str, caplog: pytest.LogCaptureFixture) -> None:
    found = engines.choose(name)
    assert found.name == "batch"
    assert found.rules == rules.compiled()
    assert found.queues_max == 64
    assert caplog.messages == []


@LACKS
def test_where_it_cant_run_the_data_plane_says_so_and_falls_back(
    lack: Lack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    why = lack(monkeypatch)
    with caplog.at_level(logging.WARNING):
        found = engines.choose("auto")
    assert found.name == "netfilterqueue"
    assert caplog.messages == [f"{why}: falling back to the engine netfilterqueue"]


@LACKS
def test_asked_for_by_name_it_isnt_replaced(lack: Lack, monkeypatch: pytest.MonkeyPatch) -> None:
    why = lack(monkeypatch)
    with pytest.raises(EngineError) as refused:
        engines.choose("batch")
    assert str(refused.value) == why


def test_netfilterqueue_needs_no_aggregates_and_takes_the_compiled_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_aggregates(monkeypatch)
    found = engines.choose("netfilterqueue")
    assert found.rules == rules.compiled()
    assert found.queues_max == 64


def test_netfilterqueue_can_do_without_compiled_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    without_extension(monkeypatch)
    found = engines.choose("netfilterqueue")
    assert found.rules == rules.INTERPRETED
    assert found.queues_max == 1, "interpreted rules can't share buckets between workers"

"""The engines by name, and which one a machine can run."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from gateway.dataplane.record import AUTO, BATCH, NETFILTERQUEUE, QUEUES_MAX
from gateway.engine import batch_queue, nfqueue, rules
from gateway.engine.worker import Worker

_log = logging.getLogger(__name__)

# Binds the queue of that number; what it gives carries packets until a signal's handler raises.
Bind = Callable[[Worker, int], AbstractContextManager[Callable[[], None]]]


class Engine(NamedTuple):
    """A loop, and the rules in the form that it needs them in."""

    name: str
    rules: rules.Rules
    bind: Bind
    queues_max: int


class EngineError(RuntimeError):
    """The engine can't run here; the text is one line that says why."""


def choose(name: str) -> Engine:
    """The engine of that name; `auto` is the batch engine, or NetfilterQueue's where it can't run.

    Raises `EngineError` if the one asked for can't. Call it in the gateway's namespace.
    """
    if name == NETFILTERQUEUE:
        return _netfilterqueue()
    try:
        return _batch()
    except EngineError as error:
        if name != AUTO:
            raise
        _log.warning("%s: falling back to the engine %s", error, NETFILTERQUEUE)
        return _netfilterqueue()


def _batch() -> Engine:
    try:
        compiled = rules.compiled()
    except ImportError as error:
        raise EngineError(f"no compiled rules ({error})") from error
    try:
        batch_queue.probe()
    except OSError as error:
        raise EngineError(f"the kernel can't queue aggregates ({error})") from error
    return Engine(BATCH, compiled, batch_queue.bound, QUEUES_MAX)


def _netfilterqueue() -> Engine:
    try:
        return Engine(NETFILTERQUEUE, rules.compiled(), nfqueue.bound, QUEUES_MAX)
    except ImportError:
        # One queue only: interpreted rules can't share buckets exactly.
        return Engine(NETFILTERQUEUE, rules.INTERPRETED, nfqueue.bound, queues_max=1)

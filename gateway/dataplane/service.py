"""The data plane: a worker on each queue, in the gateway's namespace, and their supervisor.

It asks nobody anything: it needs the directory with the last published table, and nothing else.
"""

import logging
import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from gateway.dataplane import engines
from gateway.dataplane.engines import Engine, EngineError
from gateway.dataplane.fast_path import Beside
from gateway.dataplane.record import Settings as Settings
from gateway.dataplane.signals import Signals
from gateway.dataplane.supervisor import Crew, StartError, Supervisor
from gateway.engine.worker import Worker
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.mark import DEFAULT_BITS, MarkBits
from gateway.net import privileges

PROCESSORS_A_QUEUE: Final = 2
NICENESS: Final = -10  # nine tenths of a processor, beside one process of no preference

_log = logging.getLogger(__name__)


def run(
    directory: Path,
    settings: Settings,
    point: Callable[[range], object] = lambda _queues: None,
    bits: MarkBits = DEFAULT_BITS,
    beat: Callable[[], object] = lambda: None,
    fast_path: Beside | None = None,
) -> bool:
    """Carry packets in this thread's namespace until SIGTERM or SIGINT, or until SIGHUP.

    `point` makes the kernel queue packets to these queues, whose workers are ready; `bits` of a
    packet's mark tell its direction; `beat` is called as long as the supervisor goes on; the
    settings say whether the `fast_path` carries packets, too. Returns whether it was SIGHUP: the
    workers then go on, and whoever runs this next takes over from them. Call it in the main thread
    of a process that has no other. Raises `StartError` if there are no workers and none can be
    started, `OSError` if the directory is gone.
    """
    with Signals() as signals:
        hire = partial(crew, directory, bits=bits)
        supervisor = Supervisor(directory, hire, signals, bits, beat, fast_path)
        supervisor.take_over(settings, point)
        supervisor.watch()
        if signals.end:
            supervisor.end()
        return not signals.end


def crew(directory: Path, settings: Settings, bits: MarkBits = DEFAULT_BITS) -> Crew:
    """Who serves with these settings: as many as the engine can use. Raises `StartError`."""
    try:
        engine = engines.choose(settings.engine)
    except EngineError as error:
        raise StartError(str(error)) from error
    if settings.queues > engine.queues_max:
        _log.warning(
            "%d queues asked for, the engine %s serves %d",
            settings.queues,
            engine.name,
            engine.queues_max,
        )
    queues = settings.queues or _queues_for(len(os.sched_getaffinity(0)))
    return Crew(min(queues, engine.queues_max), partial(work, directory, engine, bits=bits))


def _queues_for(processors: int) -> int:
    """How many queues to serve by default, on so many processors.

    The kernel's work on a packet before its queue, in whatever context it arrives, takes about as
    long as the worker's: a worker on each processor would stand in its way.
    """
    return max(1, processors // PROCESSORS_A_QUEUE)


def work(directory: Path, engine: Engine, number: int, bits: MarkBits = DEFAULT_BITS) -> None:
    """Be worker `number` on the queue of that number, until a signal's handler raises.

    Raises `WorkerRunningError` if another process is that worker, `OSError` if the queue can't be
    bound.
    """
    with (
        WorkerPage(directory, number) as page,
        closing(Worker(directory, page, engine.rules, bits=bits)) as worker,
        engine.bind(worker, number) as carry,
    ):
        go_first()
        # All is open that needs root's rights.
        _log.info("worker %d: %s, %s", number, engine.name, privileges.drop())
        carry()


def go_first() -> None:
    """Have the scheduler prefer this process to those that send it packets, if it may.

    Without that a flood takes the processor that would empty the queue (docs/adr/0044).
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    except PermissionError:
        _log.warning("the scheduler doesn't prefer the worker: that takes CAP_SYS_NICE")

"""The data plane's process: one worker on one queue, in the gateway's namespace.

It asks nobody anything: it needs the directory with the last published table, and nothing else.
"""

from contextlib import closing
from pathlib import Path

from gateway.engine import nfqueue
from gateway.engine.steering import QUEUE
from gateway.engine.worker import Worker
from gateway.nat import exchange
from gateway.nat.worker_page import WorkerPage

WORKER = 0


def run(directory: Path) -> None:
    """Carry packets in this thread's namespace until a signal's handler raises.

    Raises `WorkerRunningError` if there is a data plane already, `OSError` if the queue can't be
    bound.
    """
    with (
        WorkerPage(directory, WORKER) as page,
        exchange.wake_socket(directory, WORKER) as woken,
        closing(Worker(directory, page)) as worker,
    ):
        nfqueue.run(worker, QUEUE, woken)

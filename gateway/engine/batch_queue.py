"""The batch engine's queue: the loop of `batch.py`, compiled, on a netlink socket of its own."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Final

from gateway.engine import rules
from gateway.engine.queue_socket import open_queue
from gateway.engine.worker import Worker

PROBED: Final = 0x7FFF  # no worker has this queue


def probe() -> None:
    """Try whether the kernel of this thread's namespace has what the engine needs.

    Raises `OSError` if not.
    """
    open_queue(PROBED).close()


@contextmanager
def bound(worker: Worker, queue: int) -> Iterator[Callable[[], None]]:
    """Bind the queue in this thread's namespace; the function that is given carries its packets.

    Raises `OSError` if the queue can't be bound.
    """
    compiled = rules.compiled_module()
    with closing(open_queue(queue)) as socket:
        yield compiled.BatchLoop(compiled.Mailbox(socket.fileno(), alone=True), worker).run

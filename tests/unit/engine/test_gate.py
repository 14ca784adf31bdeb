"""The gate of NetfilterQueue's packets: interpreted and compiled, any packet meets the same."""

from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from support.rules import KINDS
from support.workers import CLIENT, IN, PUBLIC, TO_FIRST, Queued, Start, table, wire
from vectors.every import VECTORS
from vectors.row import TABLE

from gateway.engine.worker import Worker
from gateway.exchange import generations
from gateway.exchange.worker_page import Counts, WorkerPage, counts

GOOD = bytes(wire(CLIENT, PUBLIC))
LARGEST = bytes(IP(src=CLIENT, dst=PUBLIC) / UDP() / bytes(65_507))


def judged(packets: list[tuple[bytes, int]], kind: str) -> tuple[list[list[object]], Counts]:
    """What a gate did with each packet, and what was counted in the end."""
    queued = [Queued(*packet) for packet in packets]
    with TemporaryDirectory() as name, ExitStack() as opened:
        directory = Path(name)
        generations.publish(directory, TABLE)
        page = opened.enter_context(WorkerPage(directory, 0))
        worker = opened.enter_context(closing(Worker(directory, page, KINDS[kind])))
        gate = worker.rules.gate(worker)
        for packet in queued:
            gate(packet)
        return [packet.done for packet in queued], counts(directory)


packets = st.tuples(
    st.one_of(st.binary(max_size=80), st.sampled_from([vector.packet for vector in VECTORS])),
    st.one_of(st.integers(0, 3), st.integers(0, (1 << 32) - 1)),
)


@given(st.lists(packets, min_size=1, max_size=8))
@example([(LARGEST, 1), (LARGEST + bytes(1000), 1), (b"", 3), (GOOD, 2**32 - 3)])
def test_both_gates_do_and_count_the_same(some: list[tuple[bytes, int]]) -> None:
    assert judged(some, "compiled") == judged(some, "interpreted")


def test_what_a_packet_leaves_behind_is_not_of_the_next_one(tmp_path: Path, start: Start) -> None:
    """A short packet after a long one, which lay in the same memory."""
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    gate = worker.rules.gate(worker)
    long, cut = Queued(bytes(wire(CLIENT, PUBLIC)) + bytes(500), IN), Queued(GOOD[:-1], IN)
    gate(long)
    gate(cut)
    assert long.done[-1] == "accept"
    assert cut.done == ["drop"]

"""Readers at work while control publishes as fast as it can, is killed, and begins anew.

Each reader sums up the table in its hands again and again: one byte that is written into it while
it is read is an error. Now and then a reader is stopped for a while, and goes on.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from gateway.exchange.generations import load, published

READ = """
import sys, time
from contextlib import closing
from pathlib import Path
from gateway.exchange.generations import published
from gateway.exchange.table_reader import TableReader
from gateway.nat.decode import decode
from gateway.nat.table import BadTableError
directory = Path(sys.argv[1])
held, taken, missed = None, set(), 0
def adopt(table):
    global held
    held = table
with closing(TableReader(directory)) as reader:
    print("reads", flush=True)
    while not (directory / "end").exists():
        generation = published(directory)
        try:
            reader.read(generation, adopt)
        except BadTableError:
            assert published(directory) != generation, "the table in force is not there"
            missed += 1
        if held:
            for _ in range(3):
                assert decode(held.memory) == held
            total = sum(mapping.private for mapping in held.mappings)
            assert (total - 400 * held.generation) % 2**32 == 0, "a mix of two tables"
            taken.add(held.generation)
print(len(taken), flush=True)
"""
WRITE = """
import sys
from pathlib import Path
from gateway.exchange.generations import published, release
from gateway.exchange.table_writer import TableWriter
from gateway.nat.table import Draft, Mapping
directory = Path(sys.argv[1])
draft, generation = Draft(400), published(directory)
for slot in range(400):
    draft.put(Mapping(slot, 2**20 + slot, slot))
writer = TableWriter(directory)
# Private addresses add up to 400 times the generation: a mix of two tables has another sum.
while True:
    generation += 1
    for slot in range(0, 400, 40):
        draft.remove(slot)
    for slot in range(0, 400, 40):
        draft.put(Mapping(slot, 2**24 + 1000 * generation + slot, slot))
    rest = 400 * generation - sum(
        2**20 + slot if slot % 40 else 2**24 + 1000 * generation + slot for slot in range(1, 400)
    )
    draft.remove(0)
    draft.put(Mapping(0, rest % 2**32, 0))
    release(writer, draft.seal(generation))
"""
KILLS = 6
READERS = 2
MOMENT_S = 0.3


def test_no_reader_ever_sees_a_table_that_is_written(tmp_path: Path) -> None:
    rng = Random(7)  # noqa: S311
    readers = [started(READ, tmp_path) for _ in range(READERS)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reads\n"
    for _ in range(KILLS):
        writer = started(WRITE, tmp_path)
        before = published(tmp_path)
        until = time.monotonic() + 30
        while published(tmp_path) < before + 20:
            assert time.monotonic() < until
            time.sleep(0.01)
        stopped = rng.choice(readers)
        stopped.send_signal(signal.SIGSTOP)
        time.sleep(rng.uniform(0, MOMENT_S))
        stopped.send_signal(signal.SIGCONT)
        time.sleep(rng.uniform(0, MOMENT_S))
        writer.kill()
        writer.communicate()
    assert load(tmp_path).generation == published(tmp_path)
    (tmp_path / "end").touch()
    for reader in readers:
        told, _ = reader.communicate(timeout=30)
        assert reader.returncode == 0
        assert int(told) >= KILLS, "it read while tables were written"


def started(program: str, directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, str(directory)], stdout=subprocess.PIPE, text=True
    )

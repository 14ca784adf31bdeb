"""Buckets that processes share: each gets what is left, and all together what was bought."""

import contextlib
import errno
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.exchange.generations import ADDRESS_BUCKETS, PACKAGE_BUCKETS
from gateway.exchange.shared_words import SharedWords
from gateway.nat.policer import BURST, DEPTH_MAX, TICKS_PER_BYTE_AT_1_KBPS
from gateway.nat.reasons import Reason

# Opens the buckets, says so, waits for a line, sends packets at one moment, says what passed.
SEND = """
import sys
from pathlib import Path
from collections import Counter
from gateway.engine.rules import compiled
from gateway.exchange.shared_words import SharedWords
from gateway.exchange.generations import ADDRESS_BUCKETS, PACKAGE_BUCKETS
from gateway.nat.outcome import Direction
from gateway.nat.table import Mapping, Package, build
directory, sender, receiver, length, count, now_ns, kbps, package_kbps = sys.argv[1:]
rates = [int(rate) for rate in kbps.split(",")]
packages = [Package(1, int(package_kbps))] if int(package_kbps) else []
mappings = [
    Mapping(0xCB007100 + slot, 0x0A000000 + slot, slot, rate, rate, len(packages))
    for slot, rate in enumerate(rates)
]
table = build(1, len(rates), mappings, packages)
addresses = SharedWords(Path(directory) / ADDRESS_BUCKETS)
addresses.hold(2 * len(rates))
shared = SharedWords(Path(directory) / PACKAGE_BUCKETS)
shared.hold(2 * len(packages))
rules = compiled()
policer = rules.policer(addresses.memory, shared.memory)
translator = rules.translator(rules.table_view(table.memory), policer, rules.flows(memoryview(b"")))
ends = bytes([10, 0, 0, int(sender)])
ends += bytes([203, 0, 113, int(receiver)]) if int(receiver) >= 0 else bytes([198, 51, 100, 10])
direction = Direction.HAIRPIN if int(receiver) >= 0 else Direction.OUTBOUND
head = b"\\x45\\0" + int(length).to_bytes(2, "big") + bytes(5) + b"\\xfd\\0\\0" + ends
buffer = bytearray(int(length))
packet = memoryview(buffer)
print("ready", flush=True)
sys.stdin.readline()
seen = Counter()
for _ in range(int(count)):
    buffer[:20] = head
    seen[translator.feed(packet, direction, int(now_ns)).reason] += 1
print(*(seen[number] for number in range(64)))
"""
HOLD = """
import sys
from pathlib import Path
from gateway.exchange.shared_words import SharedWords
words = SharedWords(Path(sys.argv[1]))
words.hold(int(sys.argv[2]))
view = words.memory.cast("q")
view[int(sys.argv[3])] += int(sys.argv[4])
print(*view)
"""
NOW_NS = 10**15
COUNT = 70_000  # of packets that each process sends
LENGTH = 246
LIMIT = 600_000  # kbit/s: 15,000,000 bytes are 60,975 packets, and 150 bytes are left
LIMITED_TO = 60_975
PLENTY = 10 * LIMIT


@pytest.fixture
def words(tmp_path: Path) -> Iterator[SharedWords]:
    with contextlib.closing(SharedWords(tmp_path / "words")) as opened:
        yield opened


def values(words: SharedWords) -> list[int]:
    return list(words.memory.cast("q"))


def test_no_words_are_held_at_first(tmp_path: Path, words: SharedWords) -> None:
    assert len(words.memory) == (tmp_path / "words").stat().st_size == 0
    assert not words.hold(0)


def test_new_words_are_zero_and_as_many_as_asked_for(tmp_path: Path, words: SharedWords) -> None:
    assert words.hold(5)
    assert values(words) == [0] * 5
    assert (tmp_path / "words").stat().st_size == 40


def test_growing_keeps_what_is_there(words: SharedWords) -> None:
    words.hold(2)
    before = words.memory.cast("q")
    before[1] = -7
    assert words.hold(5000)
    assert values(words) == [0, -7, *[0] * 4998]
    before[0] = 3
    assert values(words)[:2] == [3, -7], "memory that is in use stays, and stays the same"


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_fewer_words_change_nothing(tmp_path: Path, words: SharedWords, count: int) -> None:
    words.hold(5)
    memory = words.memory
    assert not words.hold(count)
    assert words.memory is memory
    assert (tmp_path / "words").stat().st_size == 40


def test_who_needs_fewer_words_leaves_the_others_theirs(tmp_path: Path, words: SharedWords) -> None:
    words.hold(1000)
    words.memory.cast("q")[999] = 4
    with contextlib.closing(SharedWords(tmp_path / "words")) as smaller:
        assert smaller.hold(1)
        assert values(smaller) == [0]
    assert (tmp_path / "words").stat().st_size == 8000
    assert values(words)[999] == 4


def test_another_process_sees_and_writes_the_same_words(tmp_path: Path, words: SharedWords) -> None:
    words.hold(3)
    words.memory.cast("q")[2] = 40
    command = [sys.executable, "-c", HOLD, str(tmp_path / "words"), "6", "2", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "42", "0", "0", "0"]
    assert values(words) == [0, 0, 42]
    assert words.hold(6)
    assert values(words) == [0, 0, 42, 0, 0, 0]


def test_the_words_outlive_who_wrote_them(tmp_path: Path) -> None:
    for round_number in range(3):
        with contextlib.closing(SharedWords(tmp_path / "words")) as opened:
            opened.hold(1)
            assert values(opened) == [round_number]
            opened.memory.cast("q")[0] += 1


def test_memory_in_use_outlives_the_file(tmp_path: Path) -> None:
    with contextlib.closing(SharedWords(tmp_path / "words")) as opened:
        opened.hold(1)
        memory = opened.memory.cast("q")
    (tmp_path / "words").unlink()
    memory[0] = 5
    assert memory[0] == 5


def test_memory_that_runs_out_is_an_error_and_no_fault(
    tmp_path: Path, words: SharedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    words.hold(2)
    memory = words.memory

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="no space"):
        words.hold(3)
    assert words.memory is memory
    monkeypatch.undo()
    assert words.hold(3)


def send(
    directory: Path,
    senders: list[int],
    *,
    kbps: list[int],
    package_kbps: int = 0,
    receiver: int = -1,
) -> list[list[int]]:
    """One process per sender, all at the same moment; what each has of every reason."""
    rates = ",".join(map(str, kbps))
    with contextlib.ExitStack() as running:
        processes = []
        for sender in senders:
            arguments = [directory, sender, receiver, LENGTH, COUNT, NOW_NS, rates, package_kbps]
            command = [sys.executable, "-c", SEND, *map(str, arguments)]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            processes.append(running.enter_context(process))
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        return [list(map(int, process.communicate(timeout=60)[0].split())) for process in processes]


def taken(path: Path, kbps: int) -> list[int]:
    """How many ticks are gone from each bucket of that rate, of which all were full before."""
    depth = max(BURST, 131_070 * TICKS_PER_BYTE_AT_1_KBPS // kbps)
    full = NOW_NS * 16 + DEPTH_MAX - depth
    raw = path.read_bytes()
    return [max(0, word - full) for word in struct.unpack(f"={len(raw) // 8}q", raw)]


def cost(packets: int, kbps: int) -> int:
    """Ticks."""
    return packets * -(-LENGTH * TICKS_PER_BYTE_AT_1_KBPS // kbps)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_several_processes_get_exactly_what_one_would(tmp_path: Path, count: int) -> None:
    found = send(tmp_path, [0] * count, kbps=[LIMIT])
    assert sum(one[Reason.TRANSLATED] for one in found) == LIMITED_TO
    assert sum(one[Reason.POLICED] for one in found) == count * COUNT - LIMITED_TO
    assert all(sum(one) == COUNT for one in found)
    assert taken(tmp_path / ADDRESS_BUCKETS, LIMIT) == [0, cost(LIMITED_TO, LIMIT)]


def test_the_members_of_a_package_share_it_exactly(tmp_path: Path) -> None:
    """Three processes, each of its own member; the package holds less than any of them asks for."""
    found = send(tmp_path, [0, 1, 2], kbps=[0, 0, 0], package_kbps=LIMIT)
    assert sum(one[Reason.TRANSLATED] for one in found) == LIMITED_TO
    assert sum(one[Reason.PACKAGE_POLICED] for one in found) == 3 * COUNT - LIMITED_TO
    assert taken(tmp_path / PACKAGE_BUCKETS, LIMIT) == [0, cost(LIMITED_TO, LIMIT)]


def test_what_a_package_refuses_is_given_back_to_the_addresses(tmp_path: Path) -> None:
    """Each has enough of its own for all of its packets; the package has not."""
    found = send(tmp_path, [0, 0, 1, 1], kbps=[PLENTY, PLENTY], package_kbps=LIMIT)
    through = [one[Reason.TRANSLATED] for one in found]
    assert sum(through) == LIMITED_TO
    assert sum(one[Reason.PACKAGE_POLICED] for one in found) == 4 * COUNT - LIMITED_TO
    first, second = cost(sum(through[:2]), PLENTY), cost(sum(through[2:]), PLENTY)
    assert taken(tmp_path / ADDRESS_BUCKETS, PLENTY) == [0, first, 0, second]


def test_what_a_receiver_refuses_is_given_back_to_the_sender(tmp_path: Path) -> None:
    """Hairpins of two instances to a third, which may receive a tenth of what they may send."""
    found = send(tmp_path, [0, 0, 1], kbps=[PLENTY, PLENTY, LIMIT], receiver=2)
    through = [one[Reason.TRANSLATED] for one in found]
    assert sum(through) == LIMITED_TO
    assert sum(one[Reason.POLICED] for one in found) == 3 * COUNT - LIMITED_TO
    first, second = cost(sum(through[:2]), PLENTY), cost(through[2], PLENTY)
    assert taken(tmp_path / ADDRESS_BUCKETS, PLENTY)[:4] == [0, first, 0, second]
    assert taken(tmp_path / ADDRESS_BUCKETS, LIMIT)[4:] == [cost(LIMITED_TO, LIMIT), 0]

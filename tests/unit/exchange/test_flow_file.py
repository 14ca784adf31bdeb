"""The file of flows: made once, by whoever is first, kept by all, and replaced if it is no such."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.exchange import flow_file
from gateway.exchange.file_lock import lock_to_write
from gateway.exchange.flow_file import FlowFile
from gateway.nat import flows
from gateway.nat.flows import Flows, flow_state
from gateway.nat.flows_memory import flows_size

FLOW = (0x0A000002, 0xC6336409, 6, 80, 4000)


def test_who_comes_later_finds_the_flows(tmp_path: Path) -> None:
    first, second = (FlowFile(tmp_path / "flows", bits=4) for _ in range(2))
    state = flow_state(7, 100, True, flows.OPENING)
    table = Flows(first.hold())
    assert table.find(*FLOW, 100) == 0
    table.open(state, 100)
    assert Flows(second.hold()).find(*FLOW, 100) == state
    assert Flows(FlowFile(tmp_path / "flows").hold()).find(*FLOW, 100) == state
    assert first.hold() is first.hold()


def test_the_file_is_sparse_and_its_owners_alone(tmp_path: Path) -> None:
    FlowFile(tmp_path / "flows").hold()
    found = (tmp_path / "flows").stat()
    assert found.st_size == flows_size()
    assert found.st_blocks * 512 < 1 << 16
    assert found.st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"TGWFLOW0", b"1WOLFWGT", bytes(flows_size(1)), b"x" * flows_size(1)]
)
def test_a_file_of_another_kind_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "flows"
    path.write_bytes(content)
    with path.open("rb") as held:
        memory = FlowFile(path, bits=1).hold()
        assert len(memory) == flows_size(1)
        assert bytes(memory[:8]) == b"1WOLFWGT"
        assert held.read() == content


def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, taken = tmp_path / "flows", []

    def lock(file: int) -> bool:
        taken.append(file)
        if len(taken) < 3:
            path.unlink()
        if len(taken) == 2:
            path.write_bytes(b"")
        return lock_to_write(file)

    monkeypatch.setattr(flow_file, "lock_to_write", lock)
    memory = FlowFile(path, bits=1).hold()
    assert len(taken) == 3
    assert path.stat().st_size == len(memory)


def test_a_file_that_another_holds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "flows"
    monkeypatch.setattr(flow_file, "OPEN_WITHIN_S", 0.05)
    with path.open("wb") as held:
        assert lock_to_write(held.fileno())
        with pytest.raises(TimeoutError, match="locked by another process"):
            FlowFile(path).hold()
    assert FlowFile(path, bits=1).hold()
    with pytest.raises(OSError, match="No such file"):
        FlowFile(tmp_path / "nowhere" / "flows").hold()


HAMMER = """
import sys
from pathlib import Path
from gateway.engine.rules import compiled
from gateway.exchange.file_lock import lock_to_write
from gateway.exchange.flow_file import FlowFile
from gateway.nat.outcome import Direction
from gateway.nat.policy import Group, Member, Policies, Rule
from gateway.nat.table import Mapping, build
from gateway.nat.policer import BUCKETS
rules = compiled()
everything = Rule(True, 256, 0, 65535, 0, 0)
inward = Group(1, (everything,), ())
table = build(1, 1, [Mapping(0xCB007101, 0x0A000001, 0)],
              policies=Policies((inward,), (), (Member(0x0A000001, (1,)),)))
memory = FlowFile(Path(sys.argv[1]), bits=1).hold()
policer = rules.policer(memoryview(bytearray(8 * BUCKETS)), memoryview(b""))
translator = rules.translator(rules.table_view(table.memory), policer, rules.flows(memory))
def packet(source, destination, sport, dport):
    ports = sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    head = b"\\x45\\0\\0\\x1c" + bytes(5) + b"\\x11\\0\\0"
    return head + source + destination + ports + b"\\0\\x08\\0\\0"
client, public, private = b"\\xc6\\x33\\x64\\x0a", b"\\xcb\\0\\x71\\x01", b"\\x0a\\0\\0\\x01"
first = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
strange = lost = 0
for turn in range(20_000):
    port = first + turn % 40
    question = memoryview(bytearray(packet(client, public, port, 53)))
    assert translator.feed(question, Direction.INBOUND, 10**9).reason == 0
    answer = memoryview(bytearray(packet(private, client, 53, port)))
    lost += translator.feed(answer, Direction.OUTBOUND, 10**9).reason != 0
    never = memoryview(bytearray(packet(private, client, 54, port)))
    strange += translator.feed(never, Direction.OUTBOUND, 10**9).reason == 0
print(strange, lost)
"""


def test_processes_that_hammer_the_same_buckets_never_admit_what_is_no_flow(tmp_path: Path) -> None:
    """Sixteen places, and eighty flows of two processes: places are taken again and again."""
    path = tmp_path / "flows"
    at_work = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(path), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (1000, 1020)
    ]
    for process in at_work:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    results = [process.communicate("go\n", timeout=120)[0] for process in at_work]
    assert [process.returncode for process in at_work] == [0, 0]
    found = [tuple(map(int, result.split())) for result in results]
    assert [strange for strange, _ in found] == [0, 0]
    assert all(lost < 20_000 for _, lost in found)
    words = memoryview(path.read_bytes()).cast("q")[int(flows.BUCKETS_AT) :]
    states = [words[24 * bucket + way] for bucket in (0, 1) for way in range(8)]
    assert {flows.kind_of(state) for state in states} <= {flows.OPENING, flows.ANSWERED, flows.OPEN}

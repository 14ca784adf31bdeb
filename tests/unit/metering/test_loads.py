"""What is kept of the use of machines, and for how long."""

import pytest

from gateway.metering import loads
from gateway.metering.loads import KEPT, Load, Loads, Seen
from gateway.metering.values import CELL_S, DAY_S, Use

BEGIN = 1_000_000
GIB = 1 << 30


class Machines:
    """Two machines, of one processor and of four, and a clock."""

    def __init__(self) -> None:
        self.now = float(BEGIN)
        self.used = {"ins-1": Use(0.0, GIB // 2), "ins-4": Use(100.0, 0)}
        self.cpus = {"ins-1": 1, "ins-4": 4}
        self.loads = Loads(self.look, lambda: self.now)

    def look(self) -> dict[str, Seen]:
        return {name: Seen(use, self.cpus[name], GIB) for name, use in self.used.items()}

    def go_on(self, cpu_s: float, seconds: float = CELL_S) -> None:
        """Time passes, and each machine uses so much of its processors meanwhile."""
        self.now += seconds
        for name, use in self.used.items():
            self.used[name] = Use(use.cpu_s + cpu_s, use.memory)
        self.loads.sample()

    def cells(self, name: str) -> list[Load]:
        return self.loads.cells(name, 0, int(self.now) + 1)


@pytest.fixture
def machines() -> Machines:
    made = Machines()
    made.loads.sample()
    return made


def test_a_load_is_a_share_of_what_the_type_gives(machines: Machines) -> None:
    machines.go_on(5.0)
    machines.go_on(10.0)
    assert machines.cells("ins-1") == [
        Load(BEGIN, 50.0, 50.0, GIB / 2),
        Load(BEGIN + CELL_S, 100.0, 50.0, GIB / 2),
    ]
    assert [load.cpu_percent for load in machines.cells("ins-4")] == [12.5, 25.0]
    assert machines.loads.cells("ins-1", BEGIN + 1, BEGIN + CELL_S) == []
    assert machines.cells("ins-9") == []


@pytest.mark.parametrize("seconds", [1.0, 16.0, 3600.0, -3600.0])
def test_looks_that_are_not_a_cell_apart_say_nothing(machines: Machines, seconds: float) -> None:
    machines.go_on(1.0, seconds)
    assert machines.cells("ins-1") == []
    machines.go_on(1.0)
    assert len(machines.cells("ins-1")) == 1


def test_a_look_that_is_late_is_of_the_cell_before_it(machines: Machines) -> None:
    machines.go_on(5.5, CELL_S + 1)
    assert machines.cells("ins-1") == [Load(BEGIN, 50.0, 50.0, GIB / 2)]


def test_a_machine_that_was_built_again_has_no_load_until_the_next_look(machines: Machines) -> None:
    machines.go_on(5.0)
    machines.used["ins-1"] = Use(0.0, 0)
    machines.go_on(1.0)
    assert len(machines.cells("ins-1")) == 1
    machines.go_on(1.0)
    assert [load.cpu_percent for load in machines.cells("ins-1")] == [50.0, 10.0]


def test_one_that_is_gone_is_known_for_a_day(machines: Machines) -> None:
    machines.go_on(5.0)
    del machines.used["ins-1"]
    machines.go_on(1.0)
    assert len(machines.cells("ins-1")) == 1
    machines.now += DAY_S
    machines.loads.sample()
    machines.go_on(1.0)
    assert machines.cells("ins-1") == []


def test_a_day_is_kept(machines: Machines) -> None:
    for _ in range(KEPT + 3):
        machines.go_on(1.0)
    kept = machines.cells("ins-1")
    assert len(kept) == KEPT
    assert kept[-1].at == machines.now - CELL_S


def test_all_together_have_a_bound(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "LOADS_MAX", 20)
    for _ in range(30):
        machines.go_on(1.0)
    assert [len(machines.cells(name)) for name in ("ins-1", "ins-4")] == [10, 10]


def test_what_nothing_counts_has_no_load() -> None:
    made = Loads(dict, lambda: float(BEGIN))
    made.sample()
    assert made.cells("ins-1", 0, BEGIN) == []

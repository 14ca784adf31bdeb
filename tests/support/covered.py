"""Coverage of the rooms in which no line may be without a test.

A run that has all tests of these rooms measures them in each process, puts together what the
processes measured, and fails with the list of what was missed. Only what runs the same each time
is measured: a property draws other examples in the next run. Slow tests aren't measured, either.
In other runs nothing is measured.
"""

import io
import subprocess
import sys
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from subprocess import PIPE
from typing import Any, Final

import pytest
from coverage import Coverage, CoverageData

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("packet", "nat", "exchange", "control")
TESTS: Final = tuple(ROOT / "tests/unit" / room for room in ROOMS)
MARKS: Final = "not bench"  # as in pyproject.toml: the tests of a whole run
WHOLE: Final = 100.0
IMPORT: Final = """import sys; sys.path[:0] = [".", "tests"]
from support.covered import of_imports; sys.stdout.buffer.write(of_imports())"""


def register(config: pytest.Config) -> None:
    """Measure in this run's processes if it has all tests of the rooms."""
    given = getattr(config, "workerinput", None)  # in a process that pytest-xdist has started
    if has_all(config) if given is None else given.get("covered", False):
        runs_tests = given is not None or not getattr(config.option, "numprocesses", None)
        config.pluginmanager.register(Measured() if runs_tests else Combined(), "covered")


def has_all(config: pytest.Config) -> bool:
    """Whether the run is asked for all tests of the rooms, and leaves none of them out."""
    options = config.option
    asked = [Path(config.invocation_params.dir, argument) for argument in config.args]
    chosen = (options.keyword, options.deselect, options.ignore, options.ignore_glob)
    return (
        not any(chosen)
        and not options.collectonly
        and options.markexpr == MARKS
        and all(any(folder.is_relative_to(path) for path in asked) for folder in TESTS)
    )


def measurement() -> Coverage:
    """A measurement of the rooms, kept in memory."""
    made = Coverage(
        data_file=None,
        branch=True,
        config_file=str(ROOT / "pyproject.toml"),
        source=[str(ROOT / "gateway" / room) for room in ROOMS],
    )
    made.set_option("run:disable_warnings", ["no-data-collected"])
    return made


def missed(measured: CoverageData) -> str:
    """The lines and branches that were not run, as a table by file; empty if there are none."""
    whole = measurement()
    imports = subprocess.run([sys.executable, "-c", IMPORT], cwd=ROOT, stdout=PIPE, check=True)
    for part in (measured, loaded(imports.stdout)):
        whole.get_data().update(part)
    table = io.StringIO()
    percent = whole.report(show_missing=True, skip_covered=True, file=table)
    return "" if percent == WHOLE else table.getvalue()


def of_imports() -> bytes:
    """What runs when all modules of the rooms are imported; tests may have imported them before."""
    measured = measurement()
    with measured.collect():
        for room in ROOMS:
            for path in sorted((ROOT / "gateway" / room).rglob("*.py")):
                import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return measured.get_data().dumps()


def loaded(told: bytes) -> CoverageData:
    """What another process has measured."""
    data = CoverageData(no_disk=True)
    data.loads(told)
    return data


class Combined:
    """Takes in what each process has measured, and fails the run if something was missed."""

    def __init__(self) -> None:
        self._data = CoverageData(no_disk=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a process that is about to start to measure."""
        node.workerinput["covered"] = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a process has measured; one that died tells nothing."""
        if told := getattr(node, "workeroutput", {}).get("covered"):
            self._data.update(loaded(told))

    @pytest.hookimpl(trylast=True)  # when the processes have ended
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge what was measured, if the tests themselves have passed."""
        if exitstatus == pytest.ExitCode.OK:
            judge(session, self._data)


class Measured:
    """Measures while the rooms' tests run, in this process."""

    def __init__(self) -> None:
        self._measurement = measurement()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure a test of the rooms, with its setup and its end."""
        if not is_measured(item):
            return (yield)
        empty_caches()
        self._measurement.start()
        try:
            return (yield)
        finally:
            self._measurement.stop()

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand the measurement to the controlling process, or judge it if there is none."""
        data = self._measurement.get_data()
        if (told := getattr(session.config, "workeroutput", None)) is not None:
            told["covered"] = data.dumps()
        elif exitstatus == pytest.ExitCode.OK:
            judge(session, data)


def is_measured(item: pytest.Item) -> bool:
    """Whether a test is of one of the rooms, the same in each run, and not slow."""
    drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    left_out = drawn or item.get_closest_marker("slow")
    return not left_out and any(item.path.is_relative_to(folder) for folder in TESTS)


def empty_caches() -> None:
    """Forget what functions of the rooms keep: a test that isn't measured may have run before."""
    names = tuple(f"gateway.{room}." for room in ROOMS)
    for module in [module for name, module in sys.modules.items() if name.startswith(names)]:
        for value in vars(module).values():
            if callable(empty := getattr(value, "cache_clear", None)):
                empty()


def judge(session: pytest.Session, measured: CoverageData) -> None:
    """Report what was missed, if anything, as one more test that failed."""
    if table := missed(measured):
        report = pytest.TestReport(
            nodeid=f"each line and branch of {', '.join(ROOMS)} has a test",
            location=("", None, ""),
            keywords={},
            outcome="failed",
            longrepr=table,
            when="call",
        )
        session.config.hook.pytest_runtest_logreport(report=report)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

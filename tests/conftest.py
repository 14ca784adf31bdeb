"""What holds for all tests: how long they take, and which run beside each other."""

import os
from collections import Counter, defaultdict
from pathlib import PurePath

import pytest
from hypothesis import settings
from support import covered, own_names
from xdist.scheduler import LoadScopeScheduling

# How long an example takes is the machine's affair: no test fails on a time.
settings.register_profile("tgw", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=10, stateful_step_count=10)
settings.load_profile("tgw")

# These measure rates and loss under load. They come first and one after the other: beside them run
# unit tests, which give way. Other labs then run side by side. The last ones bear company best.
ALONE = (
    "test_policing",
    "test_policing_changes",
    "test_policing_package",
    "test_upgrade",
    "test_conservation",
    "test_publishing",
    "test_aggregates",
    "test_rebind",
    "test_killed_control",
)
LABS = ("tests/lab", "tests/bench")  # folders
SLOWEST = 25
NICE = 10  # unit tests take what time the labs leave: a lab's waits are bounded, theirs are not


def pytest_configure(config: pytest.Config) -> None:
    """Say at the end what took the time, and measure what the tests cover if all of them run."""
    # What tests start shall keep what it compiles, as anywhere: a control starts a third faster.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    covered.register(config)
    config.pluginmanager.register(Durations(), "durations-by-folder")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Sweep away what runs that were interrupted have left: it costs time, and takes addresses."""
    if not hasattr(session.config, "workerinput") and os.geteuid() == 0:
        for name in own_names.sweep():
            print(f"swept: {name}, of a test process that is gone")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark benchmarks, and put the tests into the order in which processes take them."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:  # each of the processes has other names, and they can't share the work
        raise pytest.UsageError(f"a test's name has an address in it: {unstable[0]}")
    for item in items:
        if "benchmark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.bench)
    items.sort(key=lambda item: _place(item.path))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let labs go first when they run beside unit tests. Only root may take the priority back."""
    if hasattr(item.config, "workerinput") and os.geteuid() == 0:
        nice = 0 if _needs_lab(item.path) else NICE
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def _needs_lab(path: PurePath) -> bool:
    return path.parent.as_posix().endswith(LABS)


def _is_alone(path: PurePath) -> bool:
    return path.stem in ALONE and _needs_lab(path)


def _place(path: PurePath) -> int:
    return ALONE.index(path.stem) if _is_alone(path) else len(ALONE) + _needs_lab(path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Let processes take whole files, in the order in which they were collected."""
    config.option.loadscopereorder = False  # the order is ours
    return _Files(config, log)


class _Files(LoadScopeScheduling):  # type: ignore[misc]  # its package has no types
    """Hands out whole files, and all that must be alone as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "alone" if _is_alone(PurePath(file)) else file


class Durations:
    """Adds up how long tests took."""

    def __init__(self) -> None:
        self._tests: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a test's part: its setup, itself, or its end."""
        self._tests[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print seconds by folder, and the slowest tests with what they needed to be set up."""
        if len(self._tests) <= SLOWEST:
            return
        folders: defaultdict[str, float] = defaultdict(float)
        numbers: Counter[str] = Counter()
        for name, seconds in self._tests.items():
            folder = str(PurePath(name.partition("::")[0]).parent)
            folders[folder] += seconds
            numbers[folder] += 1
        terminalreporter.section("seconds by folder")
        for folder, seconds in sorted(folders.items(), key=_seconds, reverse=True):
            terminalreporter.line(f"{seconds:8.1f}  {folder}, {numbers[folder]} tests")
        terminalreporter.section("slowest")
        for name, seconds in sorted(self._tests.items(), key=_seconds, reverse=True)[:SLOWEST]:
            terminalreporter.line(f"{seconds:8.1f}  {name}")


def _seconds(item: tuple[str, float]) -> float:
    return item[1]

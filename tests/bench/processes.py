"""Programs that are started, waited for with a bound, and ended; and what they cost."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple, TypeVar

from gateway.net import namespace

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
END_WITHIN_S: Final = 5.0
QUIET_SHARE: Final = 0.1  # of one processor
QUIET_LOOK_S: Final = 0.2
QUIET_LOOKS: Final = 3  # one after the other: the kernel's cleaning pauses now and then
POLL_S: Final = 0.005

Result = TypeVar("Result")


class BenchError(RuntimeError):
    """What was to be measured can't be; the text is one line for the user."""


class Memory(NamedTuple):
    """Of some processes together, in bytes: what they hold now, and the most they ever did."""

    proportional: int
    peak: int


def run(command: Sequence[str], *, stdin: str = "", within_s: float = 60) -> str:
    """What the command prints, run in this thread's namespace. Raises `BenchError`."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=within_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command[0]} isn't done after {within_s:g} s") from error
    if done.returncode:
        text = (done.stderr or done.stdout).strip().splitlines()
        raise BenchError(f"{Path(command[0]).name}: {text[0] if text else done.returncode}")
    return done.stdout


def run_in(host: str, command: Sequence[str], *, within_s: float = 60) -> str:
    """What the command prints, run in the namespace. Raises `BenchError`."""
    with namespace.inside(host):
        return run(command, within_s=within_s)


class Program:
    """A program that runs in a namespace; made by `started`."""

    def __init__(self, host: str, command: Sequence[str]) -> None:
        """Start it. What it says goes to a file: a pipe that nobody reads would stop it."""
        self._name = Path(command[0]).name
        self._out, self._err = TemporaryFile(), TemporaryFile()  # noqa: SIM115  closed by `end`
        with namespace.inside(host):
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs still."""
        return self._process.poll() is None

    def output(self, *, within_s: float) -> str:
        """What it prints until it ends by itself. Raises `BenchError`."""
        try:
            status = self._process.wait(within_s)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{self._name} isn't done after {within_s:g} s") from error
        if status:
            raise BenchError(self.complaint())
        return _text(self._out)

    def complaint(self) -> str:
        """The last line that it said."""
        said = (_text(self._err) or _text(self._out)).strip().splitlines()
        return f"{self._name}: {said[-1] if said else 'ended without a word'}"

    def end(self) -> None:
        """End it, by force if it doesn't end by itself."""
        self._process.terminate()
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()
        self._err.close()


@contextmanager
def started(host: str, command: Sequence[str]) -> Iterator[Program]:
    """The program runs in the namespace while the block does."""
    program = Program(host, command)
    try:
        yield program
    finally:
        program.end()


def eventually(step: Callable[[], Result], *, within_s: float, what: str) -> Result:
    """The first result that counts as true. Raises `BenchError` if none comes in time."""
    deadline = time.monotonic() + within_s
    while not (result := step()):
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {within_s:g} s")
        time.sleep(POLL_S)
    return result


def keep_on(processors: Iterable[int], processes: Iterable[int]) -> dict[int, set[int]]:
    """Let the processes' threads run on these processors only; gives where each ran before."""
    before = {}
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{process}/task").iterdir():
                before[int(task.name)] = os.sched_getaffinity(int(task.name))
                os.sched_setaffinity(int(task.name), processors)
    return before


def put_back(before: dict[int, set[int]]) -> None:
    """Let threads run where they ran before."""
    for thread, where in before.items():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(thread, where)


def processors() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


def cpu_seconds(processes: Iterable[int]) -> float:
    """What the processes have used of the processors so far, in user and kernel mode."""
    total = 0
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_A_SECOND


def busy_seconds() -> float:
    """How long the machine's processors were busy since it started, all added up."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _idle, _wait, interrupt, softirq, _stolen = map(int, fields)
    return (user + nice + system + interrupt + softirq) / TICKS_A_SECOND


def wait_until_quiet(*, within_s: float) -> bool:
    """Wait until the machine does next to nothing; whether it came to that."""
    deadline, quiet = time.monotonic() + within_s, 0
    while quiet < QUIET_LOOKS and time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(QUIET_LOOK_S)
        is_quiet = busy_seconds() - before <= QUIET_SHARE * QUIET_LOOK_S
        quiet = quiet + 1 if is_quiet else 0
    return quiet >= QUIET_LOOKS


def memory(processes: Iterable[int]) -> Memory:
    """What the processes hold; shared pages count once, divided among those that share them."""
    proportional = peak = 0
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            proportional += _kilobytes(Path(f"/proc/{process}/smaps_rollup"), "Pss:")
            peak += _kilobytes(Path(f"/proc/{process}/status"), "VmHWM:")
    return Memory(proportional << 10, peak << 10)


def kernel_memory() -> int:
    """What the kernel holds for itself and can't give back, in bytes, as far as tables go."""
    path = Path("/proc/meminfo")
    return (_kilobytes(path, "SUnreclaim:") + _kilobytes(path, "VmallocUsed:")) << 10


def _kilobytes(path: Path, key: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")

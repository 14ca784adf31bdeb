"""The log of one process: lines on standard error, of which repeated ones are counted.

A failure that comes again and again is written once. After a while one line says how often it was
repeated, and so on as long as it comes, each time after twice as long. Different lines of one place
in the program are bounded, too. So whatever fails, and however often, the log grows slowly.

This is the only module that sets up logging: libraries that would do so are told not to.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO

SPAN_MIN_S: Final = 10.0
SPAN_MAX_S: Final = 3600.0
LINES_MAX: Final = 20  # different lines of one place, in one span
KINDS_MAX: Final = 1000  # lines and places that are remembered
TEXT_MAX: Final = 300  # characters of a line that are repeated in its sum
FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


def set_up() -> None:
    """Have this process log to standard error, from INFO on."""
    logging.basicConfig(handlers=[SummingHandler()], format=FORMAT, level=logging.INFO)
    # It warns of each request that is no HTTP: a stranger's requests must not fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


@dataclass(slots=True)
class _Kind:
    """Lines that are alike, in a span of time that begins with the first one."""

    level: int
    text: str
    until: float
    length_s: float = SPAN_MIN_S
    written: int = 1
    withheld: int = 0


class SummingHandler(logging.StreamHandler[TextIO]):
    """Writes each line once in a span of time, and at the span's end how often it was repeated."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing was written. Without a `stream` it is standard error."""
        super().__init__(stream)
        self._clock = clock
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._next_end = float("inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it. One thread at a time is here."""
        try:
            now = self._clock()
            if now >= self._next_end:
                self._end_spans(now)
            if self._is_to_write(record, now):
                super().emit(record)
        except Exception:  # noqa: BLE001  as every handler does: a log must not end its program
            self.handleError(record)

    def close(self) -> None:
        """Write the sums of what was only counted so far."""
        with self.lock or logging._lock:  # type: ignore[attr-defined]
            self._end_spans(float("inf"))
        super().close()

    def _is_to_write(self, record: logging.LogRecord, now: float) -> bool:
        text, error = _text(record), _error(record)
        place = record.pathname, record.lineno
        # A traceback is long, and what is said beside it may differ each time: an address, a time.
        line = (*place, error) if error else (record.levelno, text)
        known = self._kinds.get(line)
        if known:
            known.withheld += 1
            return False
        others = self._kinds.get(place)
        if others is None:
            self._begin(place, record, f"{text} (and other lines like this)", now)
        elif others.written >= LINES_MAX:
            others.withheld += 1
            return False
        else:
            others.written += 1
        self._begin(line, record, text, now)
        return True

    def _begin(
        self, key: tuple[object, ...], record: logging.LogRecord, text: str, now: float
    ) -> None:
        if len(self._kinds) >= KINDS_MAX:
            self._sum_up(self._kinds.pop(next(iter(self._kinds))))
        until = now + SPAN_MIN_S
        self._kinds[key] = _Kind(record.levelno, text, until)
        self._next_end = min(self._next_end, until)

    def _end_spans(self, now: float) -> None:
        for key, kind in list(self._kinds.items()):
            if kind.until > now:
                continue
            if kind.withheld:
                self._sum_up(kind)
                kind.length_s = min(2 * kind.length_s, SPAN_MAX_S)
                kind.until, kind.written, kind.withheld = now + kind.length_s, 0, 0
            else:
                del self._kinds[key]
        self._next_end = min((kind.until for kind in self._kinds.values()), default=float("inf"))

    def _sum_up(self, kind: _Kind) -> None:
        if kind.withheld:
            times = "once" if kind.withheld == 1 else f"{kind.withheld} times"
            super().emit(
                logging.makeLogRecord(
                    {
                        "levelno": kind.level,
                        "levelname": logging.getLevelName(kind.level),
                        "msg": f"{kind.text}: repeated {times} in {kind.length_s:.0f} s",
                    }
                )
            )


def _text(record: logging.LogRecord) -> str:
    """The line in short, with what was raised."""
    error = _error(record)
    text = " ".join(record.getMessage().split())
    return f"{text[:TEXT_MAX]}{': ' if error else ''}{error}"


def _error(record: logging.LogRecord) -> str:
    """What was raised, if something was; else nothing."""
    error = record.exc_info[1] if record.exc_info else None
    return "" if error is None else f"{type(error).__name__}: {error}"[:TEXT_MAX]

"""What the data plane is set to and which queues it serves: a small file beside the table.

The supervisor writes it when it has taken over, whoever wants to know reads it: the next supervisor
for its settings, `tgw dataplane restart` for the outcome, a repair for the queues in use. A request
is the other way: settings for the next take-over, which takes it from there and answers to its id.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.engine.message import FINISHING
from gateway.nat.mark import DEFAULT_BITS, LOWEST_BITS, MarkBits
from gateway.runtime.files import replace_text

AUTO: Final = "auto"
BATCH: Final = "batch"
NETFILTERQUEUE: Final = "netfilterqueue"
ENGINES: Final = (AUTO, BATCH, NETFILTERQUEUE)
ON: Final = "on"
OFF: Final = "off"
FAST_PATHS: Final = (AUTO, ON, OFF)
QUEUES_MAX: Final = 64
PID_MAX: Final = 1 << 22  # the most that Linux has

RECORD: Final = "dataplane.json"
REQUEST: Final = "restart.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which engine, one of `ENGINES`, and how many queues, 1 to `QUEUES_MAX`; 0: one per two cores.

    `fastpath`, one of `FAST_PATHS`, says whether the kernel carries what is plain: with `auto`
    where it can, and with `on` there is no start where it can't.
    """

    engine: str = AUTO
    queues: int = 0
    fastpath: str = AUTO

    def __post_init__(self) -> None:
        """Raise `ValueError` for what no settings can be: a file may have any content."""
        _check(isinstance(self.engine, str) and _is_within(self.queues, 0, QUEUES_MAX))
        _check(self.fastpath in FAST_PATHS)


@dataclass(frozen=True, slots=True)
class Request:
    """A request asks for settings; its `id` differs from that of any other request."""

    id: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class TakeOver:
    """How the last take-over ended.

    `first` and `workers` are the queues in service; of a packet's mark, the bits in `mark_mask`
    tell these workers the direction. `failure` says why it failed, if it did: what
    was in service before then still is. `answered` is the id of the last request it had.
    `fastpath` is `ON`, `OFF`, or says why the kernel carries nothing although it was to.
    """

    supervisor: int = 0  # its process id
    first: int = 0
    workers: int = 1
    answered: str = ""
    failure: str = ""
    settings: Settings = field(default_factory=Settings)
    mark_mask: int = DEFAULT_BITS.mask
    fastpath: str = OFF

    def __post_init__(self) -> None:
        """Raise `ValueError` for what no take-over can be: a file may have any content."""
        _check(_is_within(self.supervisor, 0, PID_MAX) and _is_within(self.first, 0, FINISHING - 1))
        _check(_is_within(self.workers, 1, QUEUES_MAX) and isinstance(self.settings, Settings))
        texts = (self.answered, self.failure, self.fastpath)
        _check(all(isinstance(text, str) for text in texts))
        MarkBits(self.mark_mask)

    @property
    def queues(self) -> range:
        """Return the numbers of the queues in service, which their workers have, too."""
        return range(self.first, self.first + self.workers)

    @property
    def bits(self) -> MarkBits:
        """The bits of a packet's mark that tell its direction to the workers in service."""
        return MarkBits(self.mark_mask)


def load(directory: Path) -> TakeOver:
    """Read the take-over that was recorded last; the defaults if nothing can be read."""
    found = _read(directory / RECORD)
    try:
        # A version without a mask in its record read the lowest bits.
        lowest = {"mark_mask": LOWEST_BITS.mask}
        return TakeOver(**{**lowest, **found, "settings": Settings(**found["settings"])})
    except (KeyError, TypeError, ValueError):
        return TakeOver()


def save(directory: Path, record: TakeOver) -> None:
    """Replace the record whole: a reader sees the old one or the new one."""
    replace_text(directory / RECORD, json.dumps(asdict(record)))


def ask(directory: Path, request: Request) -> None:
    """Leave a request, in the place of any other."""
    replace_text(directory / REQUEST, json.dumps(asdict(request)))


def take_request(directory: Path) -> Request | None:
    """Remove the request from the directory and return it; None if there is none."""
    found = _read(directory / REQUEST)
    (directory / REQUEST).unlink(missing_ok=True)
    try:
        return Request(found["id"], Settings(**found["settings"]))
    except (KeyError, TypeError, ValueError):
        return None


def _is_within(number: object, least: int, most: int) -> bool:
    return type(number) is int and least <= number <= most


def _check(good: bool) -> None:  # noqa: FBT001  what is to be so
    if not good:
        raise ValueError("not a record of the data plane's")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

"""What the log adds up to: a snapshot, if there is a good one, and the events after it.

A snapshot is only made of events that are in force everywhere, and only used while no publisher
can have an older table: so none of what it keeps has a task under way. Whatever doesn't fit is
refused, and the log is read from its begin.
"""

import gc
import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import gateway.control
from gateway.control import events as ev
from gateway.control.ports import EventLog, Snapshots
from gateway.control.progress import Progress
from gateway.control.state import State
from gateway.control.state.image import StateImage, image_of, state_of
from gateway.store.codec import Codec, codec
from gateway.store.records import Record, StoreError
from gateway.store.snapshots import Snapshot, history_of

# What reading a body may end in that isn't what it should be.
_MISFITS: Final = (
    AssertionError,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """All that follows from events that are in force."""

    state: StateImage
    began: dict[str, int]
    failed: dict[str, int]


def take_in(record: Record, state: State, progress: Progress) -> None:
    """Take in the event that follows. Raises `StoreError` if it doesn't."""
    if record.sequence != state.sequence + 1:
        raise StoreError(f"event {state.sequence + 1} is missing in the log")
    event = ev.from_record(record)
    try:
        progress.take_in(event, state)
        state.evolve(event, record.at)
    except (AssertionError, KeyError, ValueError) as error:
        raise StoreError(
            f"event {record.sequence} ({record.kind}) doesn't follow from those before it: "
            "is the log damaged, or written by a newer tgw?"
        ) from error


def load(log: EventLog, snapshots: Snapshots, in_force: int) -> tuple[State, Progress]:
    """Load what the latest snapshot keeps; if it can't be used, begin before the first event.

    `in_force` is the generation that every publisher has acknowledged, 0 if there is none. A
    warning says why a snapshot isn't used. Raises `StoreError` if the log can't be read.
    """
    try:
        return _latest(log, snapshots, in_force)
    except _RefusedError as refusal:
        _log.warning("the whole log is read, as the snapshot is of no use: %s", refusal)
        return _nothing(in_force)


def save(log: EventLog, snapshots: Snapshots, upto: int) -> None:
    """Make a snapshot of the events up to this one, which is in force. Raises `StoreError`."""
    try:
        state, progress = _latest(log, snapshots, upto)
    except _RefusedError:  # control has said so when it started
        state, progress = _nothing(upto)
    known = state.sequence
    for record in islice(log.read(state.sequence), max(upto - state.sequence, 0)):
        take_in(record, state, progress)
    history = _history(log, state.sequence)
    if state.sequence == known or history is None:
        return
    kept = Kept(image_of(state), progress.began, progress.failed)
    body = json.dumps(_codec().write(kept), ensure_ascii=False, separators=(",", ":"))
    snapshots.save(Snapshot(version(), state.sequence, history, body))


class _RefusedError(Exception):
    """The snapshot is of no use; the text says why."""


def _nothing(in_force: int) -> tuple[State, Progress]:
    progress = Progress()
    progress.in_force = in_force
    return State(), progress


def _latest(log: EventLog, snapshots: Snapshots, in_force: int) -> tuple[State, Progress]:
    try:
        snapshot = snapshots.load()
    except StoreError as error:
        raise _RefusedError(str(error)) from error
    if snapshot is None:
        return _nothing(in_force)
    if snapshot.version != version():
        raise _RefusedError("another version of tgw wrote it")
    if snapshot.history != _history(log, snapshot.sequence):
        raise _RefusedError("it is of another log, or of events that are lost in this one")
    if 0 < in_force < snapshot.sequence:
        raise _RefusedError(f"it is of event {snapshot.sequence}, and {in_force} is in force")
    try:
        with _no_collection():
            kept = _codec().read(json.loads(snapshot.body))
            state = state_of(kept.state)
    except _MISFITS as error:
        raise _RefusedError("it is damaged") from error
    if state.sequence != snapshot.sequence:
        raise _RefusedError("it is damaged")
    progress = Progress(kept.began, kept.failed)
    progress.in_force = in_force
    return state, progress


def _history(log: EventLog, sequence: int) -> str | None:
    """What identifies the events of this log up to `sequence`; None if there are not so many."""
    first, last = next(log.read(0), None), next(log.read(sequence - 1), None)
    return history_of(first, last) if first and last else None


@cache
def version() -> str:
    """Identify the code that may read a snapshot: all of control, and the shape of what is kept.

    The shape alone isn't enough: it stays the same when a rule handles an event in another way.
    """
    digest = hashlib.blake2b(_codec().shape.encode(), digest_size=32)
    folder = Path(gateway.control.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _codec() -> Codec:
    return codec(Kept)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the garbage collector while many objects are made that all stay."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

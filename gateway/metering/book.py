"""The meter's book in SQLite: who held an address when, and what it carried.

::

    tenure   who held an address, from when to when
    traffic  what it carried in that time, by hours (kept) and by cells of 10 s (kept for a day)
    metered  the hours and cells in which the meter looked: silent ones are zero, not unknown
    taken    what the workers' counters showed when they were last taken in
    origin   what the counters of a slot showed when the slot came to its address from another one

An entry is one transaction. Traffic and the counters that it was taken from are in one entry: so
whenever the writer is killed nothing is counted twice, and what is missing is in the counters yet.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gateway.exchange.worker_page import Traffic
from gateway.metering.values import CELL_S, HOUR_S, NOTHING, Cell, Holder, Tenure, Usage, plus
from gateway.store.migrations import schema
from gateway.store.records import StoreError
from gateway.store.sqlite import connect, refuse_newer
from gateway.store.transaction import Transaction

SCHEMA: Final = 1

_COUNTERS: Final = ", ".join(f"{name} INTEGER NOT NULL" for name in Traffic._fields)
_SUMS: Final = ", ".join(f"sum({name})" for name in Traffic._fields)
_MORE: Final = ", ".join(f"{name} = {name} + excluded.{name}" for name in Traffic._fields)
_INSERT: Final = "INSERT {} VALUES ({})"
_HOLDER: Final = "slot, address, address_id, instance_id, charge_type"
_LAST_NUMBERS: Final = "SELECT max(number) FROM tenure GROUP BY slot"
_LAST_ADDRESSES: Final = f"SELECT slot, address FROM tenure WHERE number IN ({_LAST_NUMBERS})"  # noqa: S608
_HISTORY: Final = (
    "SELECT slot, address, number = (SELECT max(number) FROM tenure WHERE address = one.address) "
    "FROM tenure AS one WHERE slot >= ? AND slot < ? "
    "AND number = (SELECT max(number) FROM tenure WHERE slot = one.slot)"
)
_ORIGINS: Final = "SELECT * FROM origin WHERE slot >= ? AND slot < ?"
_CREATE: Final = (
    """CREATE TABLE IF NOT EXISTS tenure (
        number INTEGER PRIMARY KEY, slot INTEGER NOT NULL, address TEXT NOT NULL, address_id TEXT,
        instance_id TEXT, charge_type TEXT, generation INTEGER NOT NULL, began REAL NOT NULL,
        ended REAL
    ) STRICT""",
    "CREATE INDEX IF NOT EXISTS tenure_slot ON tenure (slot)",
    "CREATE INDEX IF NOT EXISTS tenure_address ON tenure (address)",
    "CREATE INDEX IF NOT EXISTS tenure_address_id ON tenure (address_id)",
    "CREATE INDEX IF NOT EXISTS tenure_instance_id ON tenure (instance_id)",
    f"""CREATE TABLE IF NOT EXISTS traffic (
        tenure INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, {_COUNTERS},
        PRIMARY KEY (tenure, step, at)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS traffic_at ON traffic (step, at)",
    """CREATE TABLE IF NOT EXISTS metered (
        step INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (step, at)
    ) STRICT, WITHOUT ROWID""",
    f"""CREATE TABLE IF NOT EXISTS taken (
        birth INTEGER NOT NULL, slot INTEGER NOT NULL, {_COUNTERS}, PRIMARY KEY (birth, slot)
    ) STRICT, WITHOUT ROWID""",
    f"""CREATE TABLE IF NOT EXISTS origin (
        birth INTEGER NOT NULL, slot INTEGER NOT NULL, {_COUNTERS}, PRIMARY KEY (birth, slot)
    ) STRICT, WITHOUT ROWID""",
)


@dataclass(slots=True)
class Entry:
    """All that is to be written in one transaction."""

    tenures: dict[int, Tenure] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)  # tenures whose generation never came
    traffic: dict[tuple[int, int, int], Traffic] = field(default_factory=dict)
    metered: set[tuple[int, int]] = field(default_factory=set)
    taken: dict[tuple[int, int], Traffic] = field(default_factory=dict)
    origins: dict[tuple[int, int], Traffic] = field(default_factory=dict)
    jumps: dict[tuple[int, int], Traffic] = field(default_factory=dict)  # to move origins by
    gone: list[int] = field(default_factory=list)  # births
    cells_before: int = 0  # those are forgotten

    def __bool__(self) -> bool:
        """Whether there is anything in the entry to write."""
        return bool(self.tenures or self.dropped or self.taken or self.metered or self.gone)

    def add(self, tenure: Tenure, step: int, at: int, more: Traffic) -> None:
        """Add what the address of a tenure carried in one step of time."""
        key = tenure.number, step, at
        self.traffic[key] = plus(self.traffic.get(key, NOTHING), more)

    def begin(self, origins: Mapping[tuple[int, int], Traffic]) -> None:
        """Let counters count for another address from here on."""
        self.origins |= origins
        self.jumps = {key: jump for key, jump in self.jumps.items() if key not in origins}

    def jump(self, key: tuple[int, int], jump: Traffic) -> None:
        """Note that a counter shows more by this, which no packet has brought."""
        self.jumps[key] = plus(self.jumps.get(key, NOTHING), jump)

    def without_cells(self) -> "Entry":
        """The same without what would grow as long as it can't be written."""
        hours = {key: value for key, value in self.traffic.items() if key[1] == HOUR_S}
        return replace(self, traffic=hours, metered=set(), cells_before=0)


@dataclass(frozen=True, slots=True)
class SlotHistory:
    """What the slots of a gateway belonged to, and what they had counted for others before."""

    # By slot: the address it belonged to last; None if that address has another slot since.
    addresses: Mapping[int, str | None]
    origins: Mapping[tuple[int, int], Traffic]  # by birth of the page, and slot


class Book:
    """One book. All methods raise `StoreError`; one caller at a time."""

    def __init__(self, path: Path) -> None:
        """Open the book; if there is none, begin an empty one."""
        self._path = path
        with self._failing("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = connect(path)
        try:
            self._begin()
        except StoreError:
            self._database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def write(self, entry: Entry, *, durable: bool = True) -> None:
        """Write all of an entry, or nothing.

        It is durable then, and all before it; or it survives this process, but no loss of power.
        """
        with self._failing("write"):
            self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with Transaction(self._database):
                # Written even if nothing else is: what came before is durable only with a write.
                self._database.execute(f"PRAGMA user_version = {SCHEMA}")
                self._write(entry)

    def _write(self, entry: Entry) -> None:
        self._write_tenures(entry)
        self._many(
            _INSERT.format("INTO traffic", _marks(7)) + f" ON CONFLICT DO UPDATE SET {_MORE}",
            ((*key, *more) for key, more in entry.traffic.items()),
        )
        self._many(_INSERT.format("OR IGNORE INTO metered", _marks(2)), entry.metered)
        for table, totals in (("taken", entry.taken), ("origin", entry.origins)):
            self._many(
                _INSERT.format(f"OR REPLACE INTO {table}", _marks(6)),
                ((*key, *total) for key, total in totals.items()),
            )
        self._many(
            _INSERT.format("INTO origin", _marks(6)) + f" ON CONFLICT DO UPDATE SET {_MORE}",
            ((*key, *jump) for key, jump in entry.jumps.items()),
        )
        for table in ("taken", "origin"):
            self._many(
                f"DELETE FROM {table} WHERE birth = ?",  # noqa: S608  one of two
                ((birth,) for birth in entry.gone),
            )
        for table in ("traffic", "metered"):
            self._many(
                f"DELETE FROM {table} WHERE step = ? AND at < ?",  # noqa: S608  one of two
                [(CELL_S, entry.cells_before)] if entry.cells_before else (),
            )

    def _write_tenures(self, entry: Entry) -> None:
        self._many(
            _INSERT.format("OR REPLACE INTO tenure", _marks(9)),
            (
                (tenure.number, *astuple(tenure.holder), *_times(tenure))
                for tenure in entry.tenures.values()
            ),
        )
        self._many("DELETE FROM tenure WHERE number = ?", ((number,) for number in entry.dropped))

    def taken(self) -> dict[tuple[int, int], Traffic]:
        """What the counters showed, by birth and slot."""
        return _by_counter(self._rows("SELECT * FROM taken"))

    def addresses(self) -> dict[int, str]:
        """The address that each slot belonged to last."""
        return dict(self._rows(_LAST_ADDRESSES))

    def open_tenures(self) -> list[Tenure]:
        """The tenures that haven't ended, in the order in which they began."""
        rows = self._rows("SELECT * FROM tenure WHERE ended IS NULL ORDER BY number")
        return [Tenure(row[0], Holder(*row[1:6]), *row[6:]) for row in rows]

    def last_number(self) -> int:
        """The number of the tenure that began last."""
        ((number,),) = self._rows("SELECT coalesce(max(number), 0) FROM tenure")
        return int(number)

    def usages(self, now: float, instance_id: str | None) -> list[Usage]:
        """What each holder's address carried and for how long it was held, in all, until `now`."""
        rows = self._rows(
            f"SELECT {_HOLDER}, {_SUMS} FROM traffic JOIN tenure ON number = tenure "  # noqa: S608
            f"WHERE step = {HOUR_S} AND (?1 IS NULL OR instance_id = ?1) GROUP BY {_HOLDER}",
            instance_id,
        )
        carried = {Holder(*row[:5]): Traffic(*row[5:]) for row in rows}
        rows = self._rows(
            f"SELECT {_HOLDER}, sum(max(coalesce(ended, ?2) - began, 0)) FROM tenure "  # noqa: S608
            f"WHERE ?1 IS NULL OR instance_id = ?1 GROUP BY {_HOLDER} ORDER BY min(number)",
            instance_id,
            now,
        )
        return [
            Usage(holder, carried.get(holder, NOTHING), row[5])
            for row in rows
            for holder in (Holder(*row[:5]),)
        ]

    def hourly(self, now: float, instance_id: str | None) -> list[Usage]:
        """The same, hour by hour, of the hours in which there was traffic."""
        rows = self._rows(
            f"SELECT {_HOLDER}, at, {_SUMS}, "  # noqa: S608
            f"sum(max(min(coalesce(ended, ?2), at + {HOUR_S}) - max(began, at), 0)) "
            f"FROM traffic JOIN tenure ON number = tenure "
            f"WHERE step = {HOUR_S} AND (?1 IS NULL OR instance_id = ?1) "
            f"GROUP BY {_HOLDER}, at ORDER BY at, min(number)",
            instance_id,
            now,
        )
        return [Usage(Holder(*row[:5]), Traffic(*row[6:10]), row[10], hour=row[5]) for row in rows]

    def cells(self, where: str, value: str, step: int, begin: int, end: int) -> list[Cell]:
        """What was carried from `begin` on and before `end`, in each step that was metered.

        Of the addresses that are `where` (an address, address_id or instance_id) `value` says, in
        the steps in which they had a holder.
        """
        assert where in ("address", "address_id", "instance_id"), where
        rows = self._rows(
            f"SELECT metered.at, {', '.join(f'coalesce({one}, 0)' for one in _SUMS.split(', '))} "  # noqa: S608
            f"FROM metered JOIN tenure ON {where} = ?1 AND began < metered.at + ?2 "
            f"AND coalesce(ended > metered.at, 1) "
            "LEFT JOIN traffic ON traffic.tenure = number AND traffic.step = ?2 "
            "AND traffic.at = metered.at "
            "WHERE metered.step = ?2 AND metered.at >= ?3 AND metered.at < ?4 "
            "GROUP BY metered.at ORDER BY metered.at",
            value,
            step,
            begin,
            end,
        )
        return [Cell(row[0], Traffic(*row[1:])) for row in rows]

    def _begin(self) -> None:
        with self._failing("read"):
            version = schema(self._database)
        refuse_newer(self._path, version, SCHEMA)
        with self._failing("open"):
            self._database.execute("PRAGMA journal_mode = WAL")
            with Transaction(self._database):
                for statement in _CREATE:
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {SCHEMA}")

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._failing("read"):
            return self._database.execute(query, values).fetchall()

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._database.executemany(statement, rows)

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"can't {what} {self._path}: {error}") from error


def slot_history(path: Path, slots: range) -> SlotHistory:
    """Read what a book knows of these slots, beside its writer or without one.

    Raises `StoreError`.
    """
    if not path.exists():
        return SlotHistory({}, {})
    try:
        with closing(connect(path)) as database:
            database.execute("PRAGMA query_only = ON")
            ends = slots.start, slots.stop
            addresses = {
                slot: address if is_latest else None
                for slot, address, is_latest in database.execute(_HISTORY, ends)
            }
            origins = _by_counter(database.execute(_ORIGINS, ends))
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"can't read {path}: {error}") from error
    return SlotHistory(addresses, origins)


def _by_counter(rows: Iterable[Any]) -> dict[tuple[int, int], Traffic]:
    return {(row[0], row[1]): Traffic(*row[2:]) for row in rows}


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _times(tenure: Tenure) -> tuple[int, float, float | None]:
    return tenure.generation, tenure.began, tenure.ended

"""What is counted and remembered of the past: quotas by the day, answers, EIPs that were released.

All of it follows from the log: a day is the UTC day of an event's own time.
"""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from gateway.control.values import ChargeType, Eip

DAY_S: Final = 86_400
DAYS_MAX: Final = 3  # the latest that were counted: the clock may be set back over midnight
ANSWERS_MAX: Final = 10_000  # the latest that are remembered
RELEASED_MAX: Final = 10_000  # the latest EIPs: at 40 applications a day, those of 250 days


def day_of(at: float) -> int:
    """The number of the UTC day, counted from 1970."""
    return int(at // DAY_S)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request with a client token was, in short, and what it was answered with."""

    digest: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """An EIP that was given back, and how long it was bound and idle in all."""

    eip_id: str
    address: str
    charge_type: ChargeType
    bound_s: float
    idle_s: float


class Ledger:
    """One account's."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self._applications: Counter[int] = Counter()  # for EIPs, by day
        self._reassignments: Counter[int] = Counter()  # of ordinary public IPs, by day
        self.released: deque[Released] = deque(maxlen=RELEASED_MAX)  # as they were given back
        self._changes: Counter[int] = Counter()  # of addresses, by day
        self._changes_of: Counter[str] = Counter()  # by the id of an address that is there
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()

    def apply(self, at: float) -> None:
        """The account applied for an EIP."""
        _count(self._applications, at)

    def applications(self, at: float) -> int:
        """How many EIPs the account applied for on that day."""
        return self._applications[day_of(at)]

    def reassign(self, at: float) -> None:
        """An instance was assigned an ordinary public IP when an EIP left it."""
        _count(self._reassignments, at)

    def reassignments(self, at: float) -> int:
        """How often that was on that day."""
        return self._reassignments[day_of(at)]

    def release(self, eip: Eip, at: float) -> None:
        """The account gave an EIP back."""
        times = eip.bound_for_s(at), eip.idle_for_s(at)
        self.released.append(Released(eip.eip_id, eip.address, eip.charge_type, *times))
        self.drop_changes_of(eip.eip_id)

    def change(self, address_id: str, at: float) -> None:
        """An address was changed for another."""
        _count(self._changes, at)
        self._changes_of[address_id] += 1

    def changes(self, at: float) -> int:
        """How many addresses were changed on that day."""
        return self._changes[day_of(at)]

    def changes_of(self, address_id: str) -> int:
        """How often the address with this id was changed."""
        return self._changes_of[address_id]

    def drop_changes_of(self, address_id: str) -> None:
        """The address with this id is gone."""
        self._changes_of.pop(address_id, None)

    def remember(self, kind: str, token: str, answer: Answer) -> None:
        """A request of this kind was answered so; the same token gets the same answer again."""
        self._answers[kind, token] = answer
        if len(self._answers) > ANSWERS_MAX:
            self._answers.popitem(last=False)

    def answer(self, kind: str, token: str) -> Answer | None:
        """What a request of this kind with this token was answered with."""
        return self._answers.get((kind, token))


def _count(days: Counter[int], at: float) -> None:
    """Count one on the day of `at`, and drop the day that was begun first if there are many."""
    days[day_of(at)] += 1
    if len(days) > DAYS_MAX:
        del days[next(iter(days))]

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
    """An answer keeps the digest of a request, and the ids that the request got."""

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
    """The ledger counts what one account did, by UTC day, and remembers answers."""

    def __init__(self) -> None:
        self._applications: Counter[int] = Counter()  # for EIPs, by day
        self._reassignments: Counter[int] = Counter()  # of ordinary public IPs, by day
        self.released: deque[Released] = deque(maxlen=RELEASED_MAX)  # as they were given back
        self._changes: Counter[int] = Counter()  # of addresses, by day
        self._changes_of: Counter[str] = Counter()  # by the id of an address that is there
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()

    def apply(self, at: float) -> None:
        """Count one application for an EIP on the day of `at`."""
        _count(self._applications, at)

    def applications(self, at: float) -> int:
        """How many EIPs the account applied for on that day."""
        return self._applications[day_of(at)]

    def reassign(self, at: float) -> None:
        """Count an ordinary public IP that was assigned because an EIP left the instance."""
        _count(self._reassignments, at)

    def reassignments(self, at: float) -> int:
        """Return how many ordinary public IPs were reassigned on the day of `at`."""
        return self._reassignments[day_of(at)]

    def release(self, eip: Eip, at: float) -> None:
        """Record an EIP that was given back, with its bound and idle seconds."""
        times = eip.bound_for_s(at), eip.idle_for_s(at)
        self.released.append(Released(eip.eip_id, eip.address, eip.charge_type, *times))
        self.drop_changes_of(eip.eip_id)

    def change(self, address_id: str, at: float) -> None:
        """Count one exchange of an address, by the day and by its id."""
        _count(self._changes, at)
        self._changes_of[address_id] += 1

    def changes(self, at: float) -> int:
        """How many addresses were changed on that day."""
        return self._changes[day_of(at)]

    def changes_of(self, address_id: str) -> int:
        """How often the address with this id was changed."""
        return self._changes_of[address_id]

    def drop_changes_of(self, address_id: str) -> None:
        """Forget how often the address with this id was exchanged: it is gone."""
        self._changes_of.pop(address_id, None)

    def remember(self, kind: str, token: str, answer: Answer) -> None:
        """Remember the answer to a request with this token; forget the oldest beyond a bound."""
        self._answers[kind, token] = answer
        if len(self._answers) > ANSWERS_MAX:
            self._answers.popitem(last=False)

    def answer(self, kind: str, token: str) -> Answer | None:
        """Return the answer to the request with this token; None if there is none."""
        return self._answers.get((kind, token))


def _count(days: Counter[int], at: float) -> None:
    """Count one on the day of `at`; beyond `DAYS_MAX` days forget the one that came first."""
    days[day_of(at)] += 1
    if len(days) > DAYS_MAX:
        del days[next(iter(days))]

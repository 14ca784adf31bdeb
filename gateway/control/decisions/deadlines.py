"""EIPs that are paid for in advance: until when, and what is to happen then."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import requirements
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import PERIODS, ChargeType, Eip, Prepaid, Renewal

AHEAD_MAX: Final = 100 * 12  # months, that an EIP can be paid in advance in all


def terms(
    charge_type: ChargeType, months: int | None, renewal: Renewal, at: Moment
) -> tuple[float, str] | tuple[None, None]:
    """Until when an EIP is paid for, and what happens then; nothing with another charge type.

    Raises a `DomainError` if it must say for how long, and doesn't.
    """
    if charge_type is not ChargeType.BANDWIDTH_PREPAID_BY_MONTH:
        return None, None
    if months is None:
        raise errors.PeriodMissingError(f"{charge_type.value}: say for how many months it is paid")
    _check_period(months)
    return later(at.now, months), renewal.value


def renew(state: State, command: cmd.RenewEips, at: Moment) -> list[ev.Event]:
    """Pay for more months from the end on, also from one that is past."""
    _check_period(command.months)
    events: list[ev.Event] = []
    for eip in _paid_in_advance(state, command.eip_ids):
        # Earlier versions wrote no end: the time of such an EIP begins now.
        prepaid = eip.prepaid or Prepaid(at.now, Renewal.AUTO)
        until = later(prepaid.until, command.months)
        if until > later(at.now, AHEAD_MAX):
            raise errors.PeriodError(f"{eip.eip_id} can't be paid for {AHEAD_MAX} months and more")
        renewal = command.renewal or prepaid.renewal
        events.append(ev.EipRenewed(eip.eip_id, until, renewal.value))
    return events


def change_renewal(state: State, command: cmd.ChangeEipsRenewal, _at: Moment) -> list[ev.Event]:
    """Change what happens when the time is over; an EIP that has expired stays so."""
    events: list[ev.Event] = []
    for eip in _paid_in_advance(state, command.eip_ids):
        prepaid = eip.prepaid
        if prepaid is None:
            raise errors.ChargeTypeError(f"{eip.eip_id} is of an earlier version: renew it first")
        if prepaid.renewal is command.renewal:
            continue
        events.append(ev.EipRenewed(eip.eip_id, prepaid.until, command.renewal.value))
        if prepaid.expired and command.renewal is not Renewal.AUTO:
            events.append(ev.EipExpired(eip.eip_id))
    return events


def refuse_expired(eip: Eip) -> None:
    """Check that the EIP's time isn't over. Raises `ExpiredError`."""
    if eip.expired:
        raise errors.ExpiredError(
            f"the time that {eip.eip_id} was paid for is over: renew it first"
        )


def later(start: float, months: int) -> float:
    """The same day and time so many months later, or the last day of a month that is too short."""
    day = datetime.fromtimestamp(start, UTC)
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)).timestamp()


def _paid_in_advance(state: State, eip_ids: Iterable[str]) -> Iterator[Eip]:
    for eip_id in dict.fromkeys(eip_ids):
        eip = requirements.eip(state, eip_id)
        if eip.charge_type is not ChargeType.BANDWIDTH_PREPAID_BY_MONTH:
            raise errors.ChargeTypeError(f"{eip_id} is {eip.charge_type.value}: that never ends")
        yield eip


def _check_period(months: int) -> None:
    if months not in PERIODS:
        raise errors.PeriodError(
            f"an EIP isn't paid in advance for {months} months: 1 to 12, 24 and 36 are possible"
        )

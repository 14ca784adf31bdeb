"""The account: its settings, and what they permit."""

from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import REASSIGNMENTS_MAX, Behaviour

QUOTA_MAX: Final = 1 << 20  # addresses in the largest pool


def configure(state: State, command: cmd.ConfigureAccount, _at: Moment) -> list[ev.Event]:
    """Change the settings that the command names; the others stay as they are."""
    before = state.account
    for limit in (command.eips_max, command.applications_max):
        if limit is not None and not 0 <= limit <= QUOTA_MAX:
            raise errors.RangeError(f"a quota is at least 0, and at most {QUOTA_MAX}")
    after = ev.AccountConfigured(
        behaviour=(command.behaviour or before.behaviour).value,
        eips_max=_or(command.eips_max, before.eips_max),
        applications_max=_or(command.applications_max, before.applications_max),
    )
    unchanged = ev.AccountConfigured(
        before.behaviour.value, before.eips_max, before.applications_max
    )
    return [after] if after != unchanged else []


def may_apply(state: State, count: int, at: Moment) -> None:
    """Check that the account may have `count` EIPs more, today too. Raises a `DomainError`."""
    account = state.account
    if len(state.eips) + count > account.eips_max:
        raise errors.EipQuotaError(
            f"an account has at most {account.eips_max} EIPs: it has {len(state.eips)}"
        )
    today = state.ledger.applications(at.now)
    if today + count > account.applications_max:
        raise errors.DailyQuotaError(
            f"an account may apply for {account.applications_max} EIPs in a day (UTC), "
            f"and has for {today}"
        )


def may_reassign(state: State, at: Moment) -> None:
    """Check that one more ordinary public IP may be assigned today. Raises a `DomainError`."""
    if state.ledger.reassignments(at.now) >= REASSIGNMENTS_MAX:
        raise errors.DailyQuotaError(
            f"ordinary public IPs are assigned anew {REASSIGNMENTS_MAX} times in a day (UTC)"
        )


def standard(state: State) -> bool:
    """Whether the account's behaviour is that of today's API."""
    return state.account.behaviour is Behaviour.STANDARD


def _or(value: int | None, default: int) -> int:
    return default if value is None else value

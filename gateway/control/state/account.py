"""The account: its settings, what it did in a day, and the tags of its resources."""

from gateway.control import events as ev
from gateway.control.state.ledger import Answer, Ledger
from gateway.control.state.rules import Rules
from gateway.control.values.account import Account, Behaviour


class AccountPart:
    """The settings of the account, its ledger and its tags."""

    def __init__(self) -> None:
        """An account with the default settings, which has done nothing."""
        self.settings = Account()
        self.ledger = Ledger()
        self.tags: dict[str, dict[str, str]] = {}  # by the id of the resource

    def rules(self) -> Rules:
        return {
            ev.AccountConfigured: self._configured,
            ev.TokenAnswered: self._answered,
            ev.Tagged: self._tagged,
        }

    def drop_tags(self, resource_id: str) -> None:
        """The resource is gone, and its tags with it."""
        self.tags.pop(resource_id, None)

    def _configured(self, event: ev.AccountConfigured, _at: float) -> None:
        behaviour = Behaviour(event.behaviour)
        self.settings = Account(behaviour, event.eips_max, event.applications_max)

    def _answered(self, event: ev.TokenAnswered, _at: float) -> None:
        self.ledger.remember(event.kind, event.token, Answer(event.digest, event.ids))

    def _tagged(self, event: ev.Tagged, _at: float) -> None:
        self.tags.setdefault(event.resource_id, {})[event.key] = event.value

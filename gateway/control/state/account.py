"""The account: its settings, what it did in a day, and the tags of its resources."""

from gateway.control import events as ev
from gateway.control.events.kinds import Rules
from gateway.control.state.ledger import Answer, Ledger
from gateway.control.values.account import Account, Behaviour


class AccountPart:
    """The settings of the account, its ledger and its tags."""

    def __init__(self) -> None:
        """An account with the default settings, which has done nothing."""
        self.settings = Account()
        self.ledger = Ledger()
        self.tags: dict[str, dict[str, str]] = {}  # by the id of the resource
        # All that the account has: how many resources have it, by key and value.
        self.known_tags: dict[str, dict[str, int]] = {}

    def rules(self) -> Rules:
        return {
            ev.AccountConfigured: self._configured,
            ev.TokenAnswered: self._answered,
            ev.Tagged: self._tagged,
            ev.Untagged: self._untagged,
            ev.TagCreated: self._tag_created,
            ev.TagDeleted: self._tag_deleted,
        }

    def drop_tags(self, resource_id: str) -> None:
        """The resource is gone, and its tags with it."""
        for key, value in self.tags.pop(resource_id, {}).items():
            self.known_tags[key][value] -= 1

    def _configured(self, event: ev.AccountConfigured, _at: float) -> None:
        behaviour = Behaviour(event.behaviour)
        self.settings = Account(behaviour, event.eips_max, event.applications_max)

    def _answered(self, event: ev.TokenAnswered, _at: float) -> None:
        self.ledger.remember(event.kind, event.token, Answer(event.digest, event.ids))

    def _tagged(self, event: ev.Tagged, _at: float) -> None:
        tags = self.tags.setdefault(event.resource_id, {})
        if event.key in tags:
            self.known_tags[event.key][tags[event.key]] -= 1
        tags[event.key] = event.value
        values = self.known_tags.setdefault(event.key, {})
        values[event.value] = values.get(event.value, 0) + 1

    def _untagged(self, event: ev.Untagged, _at: float) -> None:
        tags = self.tags[event.resource_id]
        self.known_tags[event.key][tags.pop(event.key)] -= 1
        if not tags:
            del self.tags[event.resource_id]

    def _tag_created(self, event: ev.TagCreated, _at: float) -> None:
        values = self.known_tags.setdefault(event.key, {})
        assert event.value not in values, event
        values[event.value] = 0

    def _tag_deleted(self, event: ev.TagDeleted, _at: float) -> None:
        values = self.known_tags[event.key]
        bearers = values.pop(event.value)
        assert bearers == 0, event
        if not values:
            del self.known_tags[event.key]

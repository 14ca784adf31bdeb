"""The publisher for the metadata service: the facts of each instance, as files of its feed.

A generation is in force here when it is written. So who is told that an EIP is bound finds it in
the metadata, too; and a change costs what has changed.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from gateway.control.errors import AdapterError
from gateway.control.state import State
from gateway.control.values import Instance
from gateway.metadata.facts import Facts
from gateway.metadata.feed import Feed

_log = logging.getLogger(__name__)

LOOK_S: Final = 5.0  # the clock may be set: credentials are then renewed so much late


class Known(NamedTuple):
    """An instance, the public address that stands for it, if any, and its security groups."""

    instance: Instance
    public: str | None
    groups: tuple[str, ...]


FactsOf = Callable[[Instance, str | None, tuple[str, ...]], Facts]


class FactsPublisher:
    """Writes into the feed what has changed, and credentials when others are due."""

    name: Final = "the metadata"

    def __init__(self, feed: Feed, facts_of: FactsOf, period: Callable[[], int]) -> None:
        """`period` is another number whenever `facts_of` would give other credentials."""
        self._feed = feed
        self._facts_of = facts_of
        self._period = period
        self._renewed = period()
        self._begins = True  # what the feed has may be another control's
        self._alone = threading.Lock()  # two threads write: the publisher's, and who renews
        self._sequence: int | None = None
        self._known: dict[str, Known] = {}  # by instance
        self._addresses: dict[str, Known | None] = {}  # what is still to be written

    def take_in(self, state: State) -> None:
        """Take in the instances that the state has changed."""
        with self._alone:
            touched = None if self._sequence is None else state.touched_since(self._sequence)
            if touched is None:
                touched = [*self._known, *state.instances]
            for instance_id in touched:
                left = self._known.pop(instance_id, None)
                if left:
                    self._addresses[left.instance.private_ip] = None
            for instance_id in touched:
                instance = state.instances.get(instance_id)
                if instance:
                    known = Known(instance, state.public_ip(instance), state.groups_of(instance))
                    self._known[instance_id] = self._addresses[instance.private_ip] = known
            self._sequence = state.sequence

    def put_in_force(self, generation: int) -> None:
        """Write what was taken in. Raises `AdapterError`, and goes on with the next call."""
        with self._alone:
            try:
                if self._begins:
                    self._remove_strangers()
                self._write()
                self._feed.generation = generation
            except OSError as error:
                raise AdapterError(f"the metadata can't be written: {error}") from error
            self._begins = False

    def acknowledged(self) -> int:
        """The generation that was written last, by this control or the one before."""
        return self._feed.generation

    def renew(self, ending: threading.Event) -> None:
        """Wait for a while; write the credentials of instances with a role if others are due."""
        ending.wait(LOOK_S)
        period = self._period()
        if ending.is_set() or period == self._renewed:
            return
        with self._alone:
            for known in self._known.values():
                if known.instance.purchase.attributes.role:
                    self._addresses.setdefault(known.instance.private_ip, known)
            try:
                self._write()
            except OSError as error:  # the next turn tries again
                _log.error("the credentials of instances can't be written: %s", error)
                return
        self._renewed = period

    def _remove_strangers(self) -> None:
        known = {one.instance.private_ip for one in self._known.values()}
        for address in set(self._feed.addresses()) - known:
            self._feed.drop(address)

    def _write(self) -> None:
        while self._addresses:
            address, known = next(iter(self._addresses.items()))
            if known:
                self._feed.put(self._facts_of(*known))
            else:
                self._feed.drop(address)
            del self._addresses[address]

"""All that the state is made of, as values: what a snapshot keeps of it.

What follows from the rest isn't in it: most indexes. `image_of` copies, so that the image stays as
it is while the state changes.
"""

from dataclasses import dataclass

from gateway.control.events.networks import LabConfigured
from gateway.control.state.ledger import Answer, Ledger, Released
from gateway.control.state.slots import SlotsImage
from gateway.control.state.state import State
from gateway.control.values.account import Account
from gateway.control.values.addresses import Eip
from gateway.control.values.groups import SecurityGroup, Template
from gateway.control.values.instances import Instance, InstanceState
from gateway.control.values.packages import BandwidthPackage


@dataclass(frozen=True, slots=True)
class LedgerImage:
    """What is counted and remembered of the past."""

    applications: dict[int, int]
    reassignments: dict[int, int]
    changes: dict[int, int]
    changes_of: dict[str, int]
    released: tuple[Released, ...]
    answers: dict[tuple[str, str], Answer]


@dataclass(frozen=True, slots=True)
class StateImage:
    """The state at one sequence; the order of every dict is kept, too."""

    sequence: int
    config: LabConfigured
    configured_at: float
    given_back: dict[str, float]  # public addresses
    private_given_back: dict[str, float]
    in_use: dict[str, str]
    slots: SlotsImage
    account: Account
    tags: dict[str, dict[str, str]]
    known_tags: dict[str, dict[str, int]]
    ledger: LedgerImage
    instances: dict[str, Instance]
    passing: dict[str, InstanceState]
    by_ordinary_ip: dict[str, str]  # an index, but one that is listed, too
    eips: dict[str, Eip]
    blocked: dict[str, float]
    packages: dict[str, BandwidthPackage]
    touched: dict[str, int]
    touched_complete_after: int
    groups: dict[str, SecurityGroup]
    templates: dict[str, Template]
    remotes: dict[str, int]
    policies_touched: dict[str, int]
    policies_complete_after: int


def image_of(state: State) -> StateImage:
    """The state as it is now. It must stand still for so long."""
    networks, ledger, touches = state._networks, state.ledger, state._touches
    assert networks.config is not None, "LabConfigured is always the first event"
    return StateImage(
        sequence=state.sequence,
        config=networks.config,
        configured_at=networks.configured_at,
        given_back=state.pool.given_back,
        private_given_back=state.subnet.given_back,
        in_use=dict(networks.in_use),
        slots=state.slots.image(),
        account=state.account,
        tags={key: dict(tags) for key, tags in state.tags.items()},
        known_tags={key: dict(values) for key, values in state.known_tags.items()},
        ledger=LedgerImage(
            applications=dict(ledger._applications),
            reassignments=dict(ledger._reassignments),
            changes=dict(ledger._changes),
            changes_of=dict(ledger._changes_of),
            released=tuple(ledger.released),
            answers=dict(ledger._answers),
        ),
        instances=dict(state.instances),
        passing=dict(state.passing),
        by_ordinary_ip=dict(state.ordinary),
        eips=dict(state.eips),
        blocked=dict(state.blocked),
        packages=dict(state.packages),
        touched=dict(touches._latest),
        touched_complete_after=touches._complete_after,
        groups=dict(state.groups),
        templates=dict(state.templates),
        remotes=dict(state.remotes),
        policies_touched=dict(state._policy_touches._latest),
        policies_complete_after=state._policy_touches._complete_after,
    )


def state_of(image: StateImage) -> State:
    """The state that an image was made of, with an index for all that is looked up.

    Raises `KeyError` for an address of no network, or one that two instances have.
    """
    state = State()
    networks, account, touches = state._networks, state._account, state._touches
    state.sequence = touches.sequence = image.sequence
    networks.configure(image.config, image.configured_at)
    networks.slots.restore(image.slots)
    networks.in_use.update(image.in_use)
    networks.pool.restore(image.in_use, image.given_back)
    private = (instance.private_ip for instance in image.instances.values())
    networks.subnet.restore(private, image.private_given_back)
    account.settings = image.account
    account.tags.update(image.tags)
    account.known_tags.update(image.known_tags)
    _restore_ledger(account.ledger, image.ledger)
    state._groups.restore(image.groups, image.templates, image.remotes)
    state._instances.restore(image.instances, image.passing, image.by_ordinary_ip)
    state._addresses.restore(image.eips)
    state._addresses.blocked.update(image.blocked)
    state._packages.by_id.update(image.packages)
    touches._latest.update(image.touched)
    touches._complete_after = image.touched_complete_after
    state._policy_touches.sequence = image.sequence
    state._policy_touches._latest.update(image.policies_touched)
    state._policy_touches._complete_after = image.policies_complete_after
    return state


def _restore_ledger(ledger: Ledger, image: LedgerImage) -> None:
    ledger._applications.update(image.applications)
    ledger._reassignments.update(image.reassignments)
    ledger._changes.update(image.changes)
    ledger._changes_of.update(image.changes_of)
    ledger.released.extend(image.released)
    ledger._answers.update(image.answers)

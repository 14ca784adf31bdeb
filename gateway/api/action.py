"""An action and its declaration.

An action is a class: its fields are the request, its docstring says what it does, `run` carries it
out. `action` declares the rest of it. The document, the rates, the error codes of refusals, what a
client waits for: all follow from that, and nothing else is to be written for an action but its
tests.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from gateway.api import shapes
from gateway.api.answers import Whole
from gateway.api.client import WaitsFor
from gateway.api.errors import NO_CODES
from gateway.api.fields import FilterList, Page, Request
from gateway.api.filters import Table, Test
from gateway.api.language import Language
from gateway.api.observer import Observer
from gateway.api.shapes import Service
from gateway.api.unused import complete
from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control.controller import Controller
from gateway.control.progress import Task
from gateway.metering.loads import Loads
from gateway.metering.meter import Meter
from gateway.store.records import StoreError

Answer = Mapping[str, Any]

RATE_PER_S: Final = 20.0  # what the cloud grants if it says nothing else


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a SecretId, or an instance with a role."""

    name: str
    role: str | None = None


OPERATOR: Final = Caller("")  # on the Unix socket that only root can open


@dataclass(frozen=True, slots=True)
class Context:
    """What the actions work on, and who asks for them."""

    control: Controller
    meter: Meter | None = None
    observer: Observer | None = None
    caller: Caller = OPERATOR
    request_id: str = ""
    language: Language = Language.ENGLISH
    loads: Loads | None = None

    def submit(self, *commands: cmd.Command) -> Task:
        """Record commands, all or none, as what this request asked for. Raises `ControlError`."""
        return self.control.submit(*commands, request_id=self.request_id)

    @contextmanager
    def metered(self) -> Iterator[Meter]:
        """The meter. Raises `AdapterError`, also for what the meter raises in the block."""
        if self.meter is None:
            raise errors.AdapterError("this control has no meter")
        try:
            yield self.meter
        except StoreError as error:
            raise errors.AdapterError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of an action beside its request and what it does."""

    service: Service
    answer: Whole
    rate_per_s: float
    codes: tuple[str, ...]  # beside those of every action
    own_codes: Mapping[type[errors.ControlError], str]  # where the action has its own
    filters: Table[Any] | None
    waits_for: WaitsFor | None
    regional: bool  # whether a request must name the region

    @property
    def is_operators(self) -> bool:
        """Whether the action is the operator's, on the Unix socket only."""
        return self.service.name == shapes.OPERATOR


class Action(Request, ABC):
    """An action of the API: its fields are what is asked for."""

    declared: ClassVar[Declaration]

    @abstractmethod
    def run(self, context: Context) -> Answer | Task:
        """Carry the action out. A task stands for the answer that names it, if there is one.

        Raises `ApiError`, `ControlError`.
        """


class Filtered(Action):
    """An action that lists what passes its filters, all at once."""

    Filters: FilterList = ()

    def tests(self) -> list[Test[Any]]:
        """What a thing must pass to be listed. Raises `ApiError`."""
        assert self.declared.filters is not None
        return self.declared.filters.tests(self.Filters)


class Listing(Filtered, Page):
    """An action that lists things, with filters and pages."""


_Action = TypeVar("_Action", bound=Action)


def action(
    service: Service,
    *,
    rate_per_s: float = RATE_PER_S,
    codes: tuple[str, ...] = (),
    own_codes: Mapping[type[errors.ControlError], str] = NO_CODES,
    filters: Table[Any] | None = None,
    waits_for: WaitsFor | None = None,
    regional: bool = True,
) -> Callable[[type[_Action]], type[_Action]]:

    def declared(kind: type[_Action]) -> type[_Action]:
        name = kind.__name__
        whole = complete(service, f"{name}Request")(kind)
        whole.declared = Declaration(
            service,
            Whole(service, f"{name}Response"),
            rate_per_s,
            codes,
            own_codes,
            filters,
            waits_for,
            regional,
        )
        return whole

    return declared


def answer_of(context: Context, asked: Action) -> Answer:
    """Carry an action out, and answer with every field that its answer has.

    Raises `ApiError`, `ControlError`.
    """
    declared = asked.declared
    outcome = asked.run(context)
    if isinstance(outcome, Task):
        if declared.waits_for is WaitsFor.IN_FORCE:
            context.control.wait_in_force(outcome)
        outcome = declared.answer.naming(outcome.number)
    return declared.answer.filled(outcome)

"""The meter, for the actions that ask it."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.control.controller import Controller
from gateway.control.errors import AdapterError
from gateway.metering.meter import Meter
from gateway.store.records import StoreError


@contextmanager
def meter_of(control: Controller) -> Iterator[Meter]:
    """Control's meter. Raises `AdapterError`, also for what the meter raises in the block."""
    if control.meter is None:
        raise AdapterError("this control has no meter")
    try:
        yield control.meter
    except StoreError as error:
        raise AdapterError(str(error)) from error

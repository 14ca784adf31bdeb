"""An instance from inside: its machine, and programs that are run in it."""

from collections.abc import Mapping, Sequence

from gateway.lab.hosts import Hosts
from gateway.lab.resources import Groups
from gateway.net import entry
from gateway.net.machine import Machine
from gateway.site.places import Places


class NoMachineError(OSError):
    """The instance's machine isn't there; the text says what to do."""


def machine_of(lab: str, host: str) -> Machine:
    """The machine of the instance with this id, there or not."""
    return Machine(Hosts(lab).namespace(host), Places(lab).run / "machines" / host)


def run(lab: str, host: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command in the instance, and return its status as wait(2) has. Raises `OSError`."""
    first = machine_of(lab, host).first()
    if first is None:
        raise NoMachineError(f"{host} has no machine: 'tgw instance reboot {host}' makes one")
    groups = Groups(Hosts(lab).namespace(host))
    return entry.run(first, command, environment, lambda: groups.join(0))

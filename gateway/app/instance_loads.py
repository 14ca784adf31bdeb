"""What the machines of instances have used: control knows which run, their groups count."""

from collections.abc import Callable, Mapping

from gateway.control.controller import Controller
from gateway.control.values import InstanceState
from gateway.control.values.purchases import TYPES
from gateway.lab.hosts import Hosts
from gateway.lab.resources import GIB, Groups
from gateway.metering.loads import Seen


def looking(control: Controller, lab: str) -> Callable[[], Mapping[str, Seen]]:
    """Looks what each running instance's machine has used; one that nothing counts is left out."""
    hosts = Hosts(lab)

    def look() -> Mapping[str, Seen]:
        with control.state() as state:
            running = [
                (instance.instance_id, TYPES[instance.purchase.instance_type])
                for instance in state.instances.values()
                if instance.state is InstanceState.RUNNING
            ]
        seen = {}
        for instance_id, kind in running:
            use = Groups(hosts.namespace(instance_id)).use()
            if use:
                seen[instance_id] = Seen(use, kind.cpus, kind.memory_gib * GIB)
        return seen

    return look

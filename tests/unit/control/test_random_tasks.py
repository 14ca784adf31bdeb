"""Commands and the background's steps in any order, with trouble and restarts between.

Tasks only end, and stay so; statuses and states follow the documented life; and what is shown at
rest is what packets meet with.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, multiple, rule
from support.api import call
from support.steps import (
    ADDRESS_LIFE,
    INSTANCE_LIFE,
    Watcher,
    assert_nothing_waits,
    look,
)
from support.story import HOURLY
from support.world import World

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.errors import AdapterError, DomainError
from gateway.control.values import TaskResult

# No quarantine and few addresses: what is given back is soon somebody else's.
CONFIG = ev.LabConfigured(
    pools=("203.0.113.0/29",), quarantine_s=0.0, vpc="10.0.0.0/29", reserved=("10.0.0.1",)
)


class Tasks(RuleBasedStateMachine):
    """Users, a background that is as slow as it likes, and fate."""

    instances: Bundle[str] = Bundle("instances")
    eips: Bundle[str] = Bundle("eips")

    def __init__(self) -> None:
        """A lab that was just brought up."""
        super().__init__()
        self.world = World(config=CONFIG, prompt=False)
        self.watcher = Watcher(ADDRESS_LIFE, INSTANCE_LIFE)
        self.results: dict[int, TaskResult] = {}

    def teardown(self) -> None:
        """In a world in order everything comes to its end."""
        self.world.faults.mend()
        for _ in range(3):
            self.publish()
            self.make_machines()
        self.publish()
        self.world.assert_settled()
        assert_nothing_waits(self.world)
        assert TaskResult.RUNNING not in self.results.values()
        self.world.close()

    @rule(target=instances, bandwidth_mbps=st.sampled_from([0, 10]))
    def run(self, bandwidth_mbps: int) -> MultipleResults[str]:
        """Buy one; its id, if there is one."""
        events = self.submit(cmd.RunInstance("web", bandwidth_mbps, HOURLY))
        return multiple(*(e.instance_id for e in events if isinstance(e, ev.InstanceOrdered)))

    @rule(target=eips)
    def allocate(self) -> MultipleResults[str]:
        """Allocate one; its id, if there is one."""
        events = self.submit(cmd.AllocateEip("front", 5, HOURLY))
        return multiple(*(e.eip_id for e in events if isinstance(e, ev.EipAllocated)))

    @rule(target=eips)
    def allocate_the_rest(self) -> MultipleResults[str]:
        """All that may be given out; their ids."""
        ids: list[str] = []
        while events := self.submit(cmd.AllocateEip("front", 5, HOURLY)):
            ids += [e.eip_id for e in events if isinstance(e, ev.EipAllocated)]
        return multiple(*ids)

    @rule(target=eips, instance_id=instances)
    def transform(self, instance_id: str) -> MultipleResults[str]:
        """Its ordinary public IP becomes an EIP; its id, if it does."""
        events = self.submit(cmd.TransformOrdinaryIp(instance_id))
        return multiple(*(e.eip_id for e in events if isinstance(e, ev.EipTransformed)))

    @rule(
        instance_id=instances,
        kind=st.sampled_from(
            [cmd.StartInstance, cmd.StopInstance, cmd.RebootInstance, cmd.TerminateInstance]
        ),
    )
    def operate(
        self,
        instance_id: str,
        kind: type[
            cmd.StartInstance | cmd.StopInstance | cmd.RebootInstance | cmd.TerminateInstance
        ],
    ) -> None:
        """Switch it or end it, whatever its state."""
        self.submit(kind(instance_id))

    @rule(eip_id=eips, instance_id=instances)
    def bind(self, eip_id: str, instance_id: str) -> None:
        """Bind it, or move it."""
        self.submit(cmd.BindEip(eip_id, instance_id))

    @rule(eip_id=eips)
    def unbind(self, eip_id: str) -> None:
        """Unbind it."""
        self.submit(cmd.UnbindEip(eip_id))

    @rule(eip_id=eips)
    def release(self, eip_id: str) -> None:
        """Give it back."""
        self.submit(cmd.ReleaseEip(eip_id))

    @rule(eip_id=eips, bandwidth_mbps=st.integers(1, 3))
    def change(self, eip_id: str, bandwidth_mbps: int) -> None:
        """Its bandwidth."""
        self.submit(cmd.ChangeEipsBandwidth((eip_id,), bandwidth_mbps))

    @rule()
    def publish(self) -> None:
        """A turn of the background's."""
        with self.trouble_is_possible():
            self.world.publish()

    @rule(again=st.booleans())
    def make_machines(self, again: bool = True) -> None:
        """Another one."""
        self.world.control.make_machines(again=again)
        self.look()

    @rule(name=st.sampled_from(["connect", "disconnect", "remove", "append"]))
    def break_(self, name: str) -> None:
        """A part of the world fails from now on."""
        self.world.faults.break_(name)

    @rule()
    def break_the_table(self) -> None:
        """No table is put in force from now on."""
        self.world.faults.break_("put_in_force")

    @rule()
    def mend(self) -> None:
        """All parts work again."""
        self.world.faults.mend()

    @rule()
    def restart(self) -> None:
        """Control ends and starts again, however the world is."""
        with self.trouble_is_possible():
            self.world.restart()

    def submit(self, command: cmd.Command) -> tuple[ev.Event, ...]:
        """Ask; what was recorded."""
        events: tuple[ev.Event, ...] = ()
        with self.trouble_is_possible():
            in_force = self.world.tables.mappings.keys()
            task = self.world.control.submit(command)
            self.results[task.number] = TaskResult.RUNNING
            events = task.events
            given = {
                event.address
                for event in events
                if isinstance(event, ev.EipAllocated | ev.OrdinaryIpAssigned)
            }
            assert not given & in_force, "still somebody else's in the table"
        return events

    @contextmanager
    def trouble_is_possible(self) -> Iterator[None]:
        """Control may refuse or fail; either way everybody looks afterwards."""
        with suppress(DomainError, AdapterError):
            yield
        self.look()

    def look(self) -> None:
        """At everything there is to see."""
        look(self.world, self.watcher)
        self.look_at_tasks()
        self.look_at_packets()
        self.world.assert_replay_equals_live()

    def look_at_tasks(self) -> None:
        """What is over is over."""
        for number, before in self.results.items():
            after = self.world.control.result(number)
            assert before in (TaskResult.RUNNING, after), f"task {number}: {before} to {after}"
            self.results[number] = after

    def look_at_packets(self) -> None:
        """The table in force has what is shown as bound to what runs, and nothing that isn't."""
        mappings = self.world.tables.mappings
        instances = {
            row["InstanceId"]: row
            for row in call(self.world, "DescribeInstances", {})["InstanceSet"]
        }
        for row in call(self.world, "DescribeAddresses", {})["AddressSet"]:
            if row["AddressStatus"] in ("CREATING", "UNBIND"):
                assert row["AddressIp"] not in mappings, row
            if row["AddressStatus"] == "BIND":
                runs = instances[row["InstanceId"]]["InstanceState"] == "RUNNING"
                if runs:
                    assert mappings[row["AddressIp"]] == row["PrivateAddressIp"], row
        at_rest = [row for row in instances.values() if row["InstanceState"] == "STOPPED"]
        cut_off = {row["PrivateIpAddresses"][0] for row in at_rest}
        assert not cut_off & set(mappings.values())


TestTasks = Tasks.TestCase
TestTasks.settings = settings(
    max_examples=150, stateful_step_count=40, database=None, print_blob=True
)

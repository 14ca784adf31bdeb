"""Any commands in any order, with time, trouble and restarts between: what holds always.

An `Audit` follows the log with no knowledge of control's code, and the state must agree with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    invariant,
    multiple,
    rule,
)
from support.audit import Audit
from support.faults import CrashError, Trouble
from support.random_groups import RandomGroups
from support.story import HOURLY
from support.world import World

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.errors import AdapterError, DomainError
from gateway.control.state import touches
from gateway.control.values import Behaviour, ChargeType, NetworkType, PackageChargeType, Renewal

# Small enough that pool and subnet run dry, and addresses come back within a few steps.
CONFIG = ev.LabConfigured(
    pools=("203.0.113.0/29",), quarantine_s=60.0, vpc="10.0.0.0/29", reserved=("10.0.0.1",)
)
ADDRESSES = [f"203.0.113.{last}" for last in range(1, 7)]
TOP5 = PackageChargeType.TOP5_POSTPAID_BY_MONTH


class Lab(RandomGroups):
    """A user, the clock and fate, against one lab."""

    instances = RandomGroups.instances
    eips: Bundle[str] = Bundle("eips")
    packages: Bundle[str] = Bundle("packages")

    def __init__(self) -> None:
        """A lab that was just brought up."""
        super().__init__()
        self.few_touches = patch.object(touches, "TOUCHED_MAX", 3)
        self.few_touches.start()
        self.world = World(config=CONFIG)
        self.audit = Audit()
        self.audited = 0
        self.followers = [Compiler(), Compiler()]

    def teardown(self) -> None:
        """However it stands, a last restart without trouble must settle it."""
        self.world.faults.mend()
        self.world.restart()
        self.world.assert_settled()
        self.world.close()
        self.few_touches.stop()

    @rule(target=instances, bandwidth_mbps=st.sampled_from([0, 10, 101]))
    def run(self, bandwidth_mbps: int) -> MultipleResults[str]:
        """Run one; its id, if there is one."""
        known = self.instance_ids()
        with self.trouble_is_possible():
            self.world.run("web", bandwidth_mbps)
        return multiple(*(self.instance_ids() - known))

    @rule(target=instances)
    def run_two(self) -> MultipleResults[str]:
        """Run two at once; their ids, if there are any."""
        known = self.instance_ids()
        self.ask(cmd.RunInstance("web", 10, HOURLY, count=2))
        return multiple(*(self.instance_ids() - known))

    @rule(eips_max=st.integers(0, 6), applications_max=st.sampled_from([2, 6, 40]))
    def configure(self, eips_max: int, applications_max: int) -> None:
        """The operator changes quotas, also to less than what is used."""
        self.ask(cmd.ConfigureAccount(None, eips_max, applications_max))

    @rule(instance_id=instances)
    def start(self, instance_id: str) -> None:
        """Start it, whatever its state."""
        self.ask(cmd.StartInstance(instance_id))

    @rule(instance_id=instances, charging=st.booleans())
    def stop(self, instance_id: str, charging: bool) -> None:
        """Stop it, whatever its state."""
        self.ask(cmd.StopInstance(instance_id, charging))

    @rule(instance_id=instances)
    def reboot(self, instance_id: str) -> None:
        """Reboot it, whatever its state."""
        self.ask(cmd.RebootInstance(instance_id))

    @rule(instance_id=instances)
    def terminate(self, instance_id: str) -> None:
        """Terminate it, whatever its state."""
        self.ask(cmd.TerminateInstance(instance_id))

    @rule(instance_id=instances)
    def report(self, instance_id: str) -> None:
        """A report that nobody waits for."""
        self.ask(cmd.ReportDone(instance_id))

    @rule(target=eips, count=st.sampled_from([1, 1, 2]), client_token=st.sampled_from(["", "t"]))
    def allocate(self, count: int, client_token: str) -> MultipleResults[str]:
        """Allocate one or two; their ids, if there are any."""
        known = self.eip_ids()
        self.ask(cmd.AllocateEip("front", 5, HOURLY, count=count, client_token=client_token))
        return multiple(*(self.eip_ids() - known))

    @rule(eip_id=eips, instance_id=instances)
    def bind(self, eip_id: str, instance_id: str) -> None:
        """Bind or rebind."""
        self.ask(cmd.BindEip(eip_id, instance_id))

    @rule(eip_id=eips, reallocate=st.sampled_from([None, True, False]))
    def unbind(self, eip_id: str, reallocate: bool | None) -> None:
        """Unbind."""
        self.ask(cmd.UnbindEip(eip_id, reallocate))

    @rule(target=eips, instance_id=instances)
    def transform(self, instance_id: str) -> MultipleResults[str]:
        """Its ordinary public IP becomes an EIP; its id, if it does."""
        known = self.eip_ids()
        self.ask(cmd.TransformOrdinaryIp(instance_id))
        return multiple(*(self.eip_ids() - known))

    @rule(instance_id=instances)
    def return_ordinary_ip(self, instance_id: str) -> None:
        """Give it back, if the account's behaviour has that."""
        self.ask(cmd.ReturnOrdinaryIps((instance_id,)))

    @rule(instance_id=instances, eip_id=eips)
    def exchange(self, instance_id: str, eip_id: str) -> None:
        """An address for another, if that may be."""
        self.ask(cmd.ChangeOrdinaryIp(instance_id))
        self.ask(cmd.ChangeEipAddress(eip_id))

    @rule(behaviour=st.sampled_from(Behaviour))
    def behave(self, behaviour: Behaviour) -> None:
        """The account's behaviour is this from now on."""
        self.ask(cmd.ConfigureAccount(behaviour))

    @rule(eip_id=eips)
    def release(self, eip_id: str) -> None:
        """Release."""
        self.ask(cmd.ReleaseEip(eip_id))

    @rule(instance_id=instances, bandwidth_mbps=st.sampled_from([0, 10, 20]))
    def change_an_instance(self, instance_id: str, bandwidth_mbps: int) -> None:
        """Its ordinary public IP's bandwidth, and its name."""
        self.ask(cmd.ChangeInstancesBandwidth((instance_id,), bandwidth_mbps))
        self.ask(cmd.RenameInstances((instance_id,), f"web-{bandwidth_mbps}"))
        self.ask(cmd.ChangeInstancesAttributes((instance_id,), protected=bandwidth_mbps == 0))

    @rule(
        eip_id=eips,
        bandwidth_mbps=st.sampled_from([0, 5, 20]),
        kind=st.sampled_from([HOURLY, ChargeType.BANDWIDTH_PREPAID_BY_MONTH]),
    )
    def change_an_eip(self, eip_id: str, bandwidth_mbps: int, kind: ChargeType) -> None:
        """Its bandwidth, its charge type, and its name."""
        self.ask(cmd.ChangeEipsBandwidth((eip_id,), bandwidth_mbps))
        self.ask(cmd.ChangeEipChargeType(eip_id, kind, bandwidth_mbps, 1, Renewal.MANUAL))
        self.ask(cmd.RenewEips((eip_id,), bandwidth_mbps))
        self.ask(cmd.RenameEip(eip_id, f"front-{bandwidth_mbps}"))

    @rule(target=packages, bandwidth_mbps=st.sampled_from([-1, 0, 50]))
    def create_a_package(self, bandwidth_mbps: int) -> MultipleResults[str]:
        """Create one; its id, if there is one."""
        known = self.package_ids()
        self.ask(cmd.CreatePackages("shared", bandwidth_mbps, TOP5, NetworkType.BGP))
        return multiple(*(self.package_ids() - known))

    @rule(package_id=packages, bandwidth_mbps=st.sampled_from([-1, 50, 60]))
    def change_a_package(self, package_id: str, bandwidth_mbps: int) -> None:
        """Its limit comes, changes or goes."""
        self.ask(cmd.ChangePackageBandwidth(package_id, bandwidth_mbps))

    @rule(
        package_id=packages,
        member=st.one_of(eips, instances),
        kind=st.sampled_from([cmd.JoinPackage, cmd.LeavePackage]),
    )
    def join_or_leave(
        self, package_id: str, member: str, kind: type[cmd.JoinPackage | cmd.LeavePackage]
    ) -> None:
        """An EIP, or the ordinary public IP of an instance."""
        with self.world.control.state() as state:
            instance = state.instances.get(member)
            if instance and instance.ordinary:
                member = instance.ordinary.address_id
        self.ask(kind(package_id, (member,)))

    @rule(package_id=packages)
    def delete_a_package(self, package_id: str) -> None:
        """Delete it, if it may be."""
        self.ask(cmd.DeletePackage(package_id))

    @rule(instance_id=instances, kind=st.sampled_from([cmd.UnbindEip, cmd.ReleaseEip]))
    def touch_an_ordinary_ip(
        self, instance_id: str, kind: type[cmd.UnbindEip | cmd.ReleaseEip]
    ) -> None:
        """By its address id; it must be refused."""
        with self.world.control.state() as state:
            instance = state.instances.get(instance_id)
            ordinary = instance.ordinary if instance else None
        if ordinary is None:
            return
        self.world.faults.mend()
        self.ask(cmd.ReportDone(instance_id))  # nothing hangs that the next command would finish
        records = self.world.records()
        self.ask(kind(ordinary.address_id))
        assert self.world.records() == records

    @rule(address=st.sampled_from(ADDRESSES), seconds=st.sampled_from([0, 1, 60]))
    def block(self, address: str, seconds: int) -> None:
        """Block it, whoever has it, if anybody has."""
        self.ask(cmd.BlockAddress(address, seconds))

    @rule(address=st.sampled_from(ADDRESSES))
    def open_early(self, address: str) -> None:
        self.ask(cmd.OpenAddress(address))

    @rule()
    def open_due(self) -> None:
        """What the timer asks for."""
        self.ask(cmd.OpenDueAddresses())
        self.ask(cmd.KeepDeadlines())

    @rule(seconds=st.sampled_from([0.5, 29.5, 60.0, 2_700_000.0]))
    def wait(self, seconds: float) -> None:
        self.world.now += seconds

    @rule(name=st.sampled_from(["connect", "disconnect", "remove", "append", "put_in_force"]))
    def break_(self, name: str) -> None:
        self.world.faults.break_(name)

    @rule()
    def mend(self) -> None:
        self.world.faults.mend()

    @rule()
    def save_a_snapshot(self) -> None:
        self.world.save_snapshot()

    @rule()
    def restart(self) -> None:
        """Control ends and starts again, in a world in order, with the latest snapshot."""
        self.world.faults.mend()
        self.world.restart()
        self.followers = [Compiler(), Compiler()]
        self.world.assert_settled()

    @rule(nth=st.integers(1, 4), late=st.booleans())
    def crash_soon(self, nth: int, late: bool) -> None:
        """Control's process ends at one of its next calls."""
        self.world.faults.plan(Trouble.CRASHES_LATE if late else Trouble.CRASHES, nth)

    @invariant()
    def every_public_address_is_in_exactly_one_place(self) -> None:
        """The pool, one ordinary public IP, or one EIP, and where the log says.

        Quarantine, former addresses, the longest free first: the audit asserts them.
        """
        self.audit_the_log()
        with self.world.control.state() as state:
            free = list(state.pool.free(float("inf")))
            ordinary = {
                instance.ordinary.address: instance.instance_id
                for instance in state.instances.values()
                if instance.ordinary
            }
            eips = {eip.address: eip.eip_id for eip in state.eips.values()}
        assert ordinary | eips == self.audit.holders
        assert set(free) == self.audit.free.keys()
        assert sorted([*free, *ordinary, *eips]) == ADDRESSES

    @invariant()
    def private_addresses_are_the_subnets_and_nobody_elses(self) -> None:
        """Without the gateway's."""
        with self.world.control.state() as state:
            private = [instance.private_ip for instance in state.instances.values()]
            free = list(state.subnet.free(float("inf")))
        assert sorted([*private, *free]) == [f"10.0.0.{last}" for last in range(2, 7)]

    @invariant()
    def both_ends_of_a_binding_agree(self) -> None:
        """An EIP's instance has that EIP, and no ordinary public IP beside it."""
        with self.world.control.state() as state:
            instances, eips = dict(state.instances), dict(state.eips)
        assert {eip.instance_id: key for key, eip in eips.items() if eip.instance_id} == {
            key: instance.eip_id for key, instance in instances.items() if instance.eip_id
        }
        assert not any(i.eip_id and i.ordinary for i in instances.values())

    @invariant()
    def both_ends_of_a_membership_agree(self) -> None:
        """A package's members say so, too, and the log does."""
        self.audit_the_log()
        with self.world.control.state() as state:
            packages = {
                member: p.package_id for p in state.packages.values() for member in p.members
            }
            holders = {key: eip.package_id for key, eip in state.eips.items() if eip.package_id}
            holders |= {
                instance.ordinary.address_id: instance.package_id
                for instance in state.instances.values()
                if instance.ordinary and instance.package_id
            }
            assert all(i.ordinary for i in state.instances.values() if i.package_id)
        assert packages == holders == self.audit.members

    @invariant()
    def exactly_the_blocked_mappings_are_blocked(self) -> None:
        """As the log says, in the table, too."""
        self.audit_the_log()
        with self.world.control.state() as state:
            assert state.blocked == self.audit.blocked
            mappings = compile_table(state).mappings
            expired = {key: eip.address for key, eip in state.eips.items() if eip.expired}
        assert expired.keys() == self.audit.expired
        blocked = {str(IPv4Address(one.public)) for one in mappings if one.blocked}
        mapped = {str(IPv4Address(one.public)) for one in mappings}
        assert blocked == mapped & {*self.audit.blocked, *expired.values()}

    @invariant()
    def replay_equals_live(self) -> None:
        """Always, also in the middle of trouble; and so does a snapshot with what came after it."""
        self.world.assert_replay_equals_live()

    @invariant()
    def the_table_in_force_is_one_to_one_and_the_states(self) -> None:
        """Unless the last one couldn't be put in force."""
        mappings = self.world.tables.mappings
        assert len(set(mappings.values())) == len(mappings)
        if not self.world.tables.stale:
            self.world.assert_table_is_the_states()

    @invariant()
    def a_table_compiled_from_the_one_before_is_the_states(self) -> None:
        """However many events ago that was: one compiles at every step, one now and then."""
        with self.world.control.state() as state:
            assert self.followers[0].compile(state) == compile_table(state)

    @rule()
    def look_after_a_while(self) -> None:
        """The other one: it may be behind by more than is noted."""
        with self.world.control.state() as state:
            assert self.followers[1].compile(state) == compile_table(state)

    def audit_the_log(self) -> None:
        """What was written since the last time."""
        for record in self.world.records()[self.audited :]:
            self.audit.take(record)
            self.audited += 1

    def ask(self, command: cmd.Command) -> None:
        """Ask control; a refusal or a clear error is an answer, too."""
        with self.trouble_is_possible():
            self.world.execute(command)

    @contextmanager
    def trouble_is_possible(self) -> Iterator[None]:
        """Control may refuse or fail in one line; if it crashes, it is started again."""
        said = "something"
        try:
            yield
        except (DomainError, AdapterError) as error:
            said = str(error)
        except CrashError:
            self.restart()
        assert said
        assert "\n" not in said

    def instance_ids(self) -> set[str]:
        with self.world.control.state() as state:
            return set(state.instances)

    def package_ids(self) -> set[str]:
        """Those there are."""
        with self.world.control.state() as state:
            return set(state.packages)

    def eip_ids(self) -> set[str]:
        """Those there are."""
        with self.world.control.state() as state:
            return set(state.eips)


TestLab = Lab.TestCase
TestLab.settings = settings(max_examples=60, stateful_step_count=30, database=None, print_blob=True)

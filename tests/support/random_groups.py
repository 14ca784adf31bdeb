"""Random commands on security groups and templates, for the lab of random commands."""

from abc import abstractmethod

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)
from support.world import World

from gateway.control import commands as cmd
from gateway.control.values import (
    Policy,
    PolicyAction,
    PolicyDirection,
    Protocol,
    TemplateKind,
    TemplateMember,
)

DIRECTIONS = st.sampled_from(PolicyDirection)
ACTIONS = st.sampled_from(PolicyAction)
NETWORKS = st.sampled_from(["0.0.0.0/0", "198.51.100.0/24", "198.51.100.7", "x"])
PORTS = st.sampled_from(["ALL", "22", "80,443", "8000-8010"])


class RandomGroups(RuleBasedStateMachine):
    """The part of a lab's user who has to do with security groups."""

    world: World
    instances: Bundle[str] = Bundle("instances")
    groups: Bundle[str] = Bundle("groups")
    addresses: Bundle[str] = Bundle("addresses")  # templates
    services: Bundle[str] = Bundle("services")

    @abstractmethod
    def ask(self, command: cmd.Command) -> None:
        """Ask control; a refusal or a clear error is an answer, too."""

    @abstractmethod
    def instance_ids(self) -> set[str]:
        """Those there are."""

    @rule(target=groups, open_=st.booleans())
    def create_a_group(self, open_: bool) -> MultipleResults[str]:
        """One that admits nothing, or all; its id, if there is one."""
        known = self.group_ids()
        policies = (Policy(PolicyAction.ACCEPT, cidr="0.0.0.0/0"),) if open_ else ()
        self.ask(cmd.CreateGroup("web", "", policies, policies))
        return multiple(*(self.group_ids() - known))

    @rule(
        group_id=groups,
        direction=DIRECTIONS,
        action=ACTIONS,
        ports=PORTS,
        remote=st.one_of(NETWORKS, groups, addresses),
        services=st.one_of(st.just(""), services),
        index=st.sampled_from([None, 0, 1]),
    )
    def add_a_policy(
        self,
        group_id: str,
        direction: PolicyDirection,
        action: PolicyAction,
        ports: str,
        remote: str,
        services: str,
        index: int | None,
    ) -> None:
        """One that names a network, a group or a template."""
        policy = Policy(
            action,
            Protocol.ALL if services or ports == "ALL" else Protocol.TCP,
            "ALL" if services else ports,
            group_id=remote if remote.startswith("sg-") else "",
            addresses=remote if remote.startswith("ipm-") else "",
            cidr="" if remote.startswith(("sg-", "ipm-")) else remote,
            services=services,
        )
        self.ask(cmd.AddPolicies(group_id, direction, (policy,), index))

    @rule(group_id=groups, direction=DIRECTIONS, index=st.integers(0, 2), to=st.integers(0, 2))
    def move_a_policy(self, group_id: str, direction: PolicyDirection, index: int, to: int) -> None:
        self.ask(cmd.ReplacePolicies(group_id, direction, (cmd.PolicyChange(index, to=to),)))

    @rule(group_id=groups, direction=DIRECTIONS, index=st.integers(0, 1))
    def remove_a_policy(self, group_id: str, direction: PolicyDirection, index: int) -> None:
        self.ask(cmd.RemovePolicies(group_id, direction, (index,)))

    @rule(group_id=groups, other=groups)
    def mirror_a_group(self, group_id: str, other: str) -> None:
        """It gets another name, and admits all that names the other one; or it goes."""
        self.ask(cmd.ChangeGroup(group_id, "www"))
        named = (Policy(PolicyAction.ACCEPT, group_id=other),)
        self.ask(cmd.SetPolicies(group_id, named, named))
        self.ask(cmd.DeleteGroup(other))

    @rule(target=groups, group_id=groups)
    def clone_a_group(self, group_id: str) -> MultipleResults[str]:
        known = self.group_ids()
        self.ask(cmd.CloneGroup(group_id, with_tags=True))
        return multiple(*(self.group_ids() - known))

    @rule(instance_id=instances, group_id=groups, how=st.sampled_from(["join", "leave", "move"]))
    def move_an_instance(self, instance_id: str, group_id: str, how: str) -> None:
        """It joins a group, leaves it, or is in no other any more."""
        both = (instance_id,), (group_id,)
        commands: dict[str, cmd.Command] = {
            "join": cmd.JoinGroups(*both),
            "leave": cmd.LeaveGroups(*both),
            "move": cmd.ChangeInstancesAttributes(both[0], security_groups=both[1]),
        }
        self.ask(commands[how])

    @rule(target=addresses)
    def create_a_template_of_addresses(self) -> MultipleResults[str]:
        return self.templates_created(TemplateKind.ADDRESSES, "192.0.2.1-192.0.2.9")

    @rule(target=services)
    def create_a_template_of_services(self) -> MultipleResults[str]:
        return self.templates_created(TemplateKind.SERVICES, "tcp:80,443", "icmp")

    @rule(target=services, template_id=services)
    def group_a_template(self, template_id: str) -> MultipleResults[str]:
        return self.templates_created(TemplateKind.SERVICE_GROUP, template_id)

    @rule(template_id=st.one_of(addresses, services), text=st.sampled_from(["udp:53", "10.0.0.9"]))
    def change_a_template(self, template_id: str, text: str) -> None:
        """Its member is another one, if that is one of its kind; or it goes."""
        self.ask(cmd.ChangeTemplate(template_id, members=(TemplateMember(text),)))
        self.ask(cmd.DeleteTemplate(template_id))

    @invariant()
    def both_ends_of_a_group_agree(self) -> None:
        """A group's members are in it, and each instance is in one group at least."""
        with self.world.control.state() as state:
            members = {(key, one) for key in state.groups for one in state.members_of(key)}
            groups = {
                (key, one.instance_id)
                for one in state.instances.values()
                for key in state.groups_of(one)
            }
            named = {one.remote for group in state.groups.values() for one in group.all_policies}
            assert named - {"0.0.0.0/0"} == state.remotes.keys()
            assert len(set(state.remotes.values())) == len(state.remotes)
        assert members == groups
        assert {one for _, one in groups} == self.instance_ids()

    def group_ids(self) -> set[str]:
        with self.world.control.state() as state:
            return set(state.groups)

    def templates_created(self, kind: TemplateKind, *texts: str) -> MultipleResults[str]:
        """The id of a template with these members, if there is one."""
        with self.world.control.state() as state:
            known = set(state.templates)
        members = tuple(TemplateMember(text) for text in texts)
        self.ask(cmd.CreateTemplate(kind, "some", members))
        with self.world.control.state() as state:
            return multiple(*(set(state.templates) - known))

"""The security groups, the templates that their policies name, and which instances are in them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.control import events as ev
from gateway.control.events.kinds import Rules
from gateway.control.state.account import AccountPart
from gateway.control.state.remotes import Remotes
from gateway.control.state.touches import Touches
from gateway.control.values.groups import (
    DEFAULT_GROUP,
    SECURITY_GROUP_ID,
    Policy,
    PolicyDirection,
    SecurityGroup,
    Template,
)
from gateway.control.values.instances import Instance


class Groups:
    """This part of the state keeps all security groups and templates by their ids.

    `touches` notes the ids of groups and templates whose content or members have changed, and those
    of all that name such a template.
    """

    def __init__(self, account: AccountPart, touches: Touches) -> None:
        """The default group is there from the start, before any event."""
        self.by_id: dict[str, SecurityGroup] = {DEFAULT_GROUP.group_id: DEFAULT_GROUP}
        self.templates: dict[str, Template] = {}
        self.members: dict[str, set[str]] = {DEFAULT_GROUP.group_id: set()}  # ids of instances
        self.remotes = Remotes()
        self._account = account
        self._touches = touches

    def rules(self) -> Rules:
        return {
            ev.GroupCreated: self._created,
            ev.GroupChanged: self._changed,
            ev.GroupDeleted: self._deleted,
            ev.PoliciesAdded: self._added,
            ev.PoliciesRemoved: self._removed,
            ev.PoliciesSet: self._policies_set,
            ev.TemplateCreated: self._template_created,
            ev.TemplateChanged: self._template_changed,
            ev.TemplateDeleted: self._template_deleted,
        }

    def of(self, instance: Instance) -> tuple[str, ...]:
        """The groups that the instance is in, the one that is tried first first.

        Earlier versions kept any ids that a user declared: of those, the ones that there are count.
        """
        declared = instance.purchase.attributes.security_groups
        return tuple(key for key in declared if key in self.by_id) or (SECURITY_GROUP_ID,)

    def take_in(self, instance_id: str, before: Instance | None, after: Instance | None) -> None:
        """An instance came, changed or went: its groups have other members."""
        was_in = self.of(before) if before else ()
        is_in = self.of(after) if after else ()
        for group_id in was_in:
            if group_id not in is_in:
                self.members[group_id].remove(instance_id)
                self._touches.note(group_id)
        for group_id in is_in:
            if group_id not in was_in:
                self.members[group_id].add(instance_id)
                self._touches.note(group_id)

    def members_restored(self, instance: Instance) -> None:
        """Take an instance of a snapshot into its groups, where nothing changes by that."""
        for group_id in self.of(instance):
            self.members[group_id].add(instance.instance_id)

    def naming(self, key: str) -> Iterator[str]:
        """The ids of groups whose policies name this group or template."""
        for group in self.by_id.values():
            if any(key in one.named for one in group.all_policies):
                yield group.group_id

    def grouping(self, template_id: str) -> Iterator[str]:
        """The ids of groups of templates that this template is in."""
        for template in self.templates.values():
            if template.kind.of and any(one.text == template_id for one in template.members):
                yield template.template_id

    def restore(
        self,
        by_id: Mapping[str, SecurityGroup],
        templates: Mapping[str, Template],
        numbers: dict[str, int],
    ) -> None:
        """Take over the groups of a snapshot; instances come to them later."""
        self.by_id.clear()
        self.by_id.update(by_id)
        self.templates.update(templates)
        self.members = {group_id: set() for group_id in by_id}
        self.remotes.restore(numbers, by_id.values())

    def _created(self, event: ev.GroupCreated, at: float) -> None:
        assert event.group_id not in self.by_id, event
        assert all(one.number != event.number for one in self.by_id.values()), event
        self.members[event.group_id] = set()
        self._set(
            SecurityGroup(
                group_id=event.group_id,
                number=event.number,
                name=event.name,
                description=event.description,
                created_at=at,
                changed_at=at,
                ingress=event.ingress,
                egress=event.egress,
            )
        )

    def _changed(self, event: ev.GroupChanged, at: float) -> None:
        self.by_id[event.group_id] = replace(
            self.by_id[event.group_id],
            name=event.name,
            description=event.description,
            changed_at=at,
        )

    def _deleted(self, event: ev.GroupDeleted, _at: float) -> None:
        members = self.members.pop(event.group_id)
        assert not members, event
        assert set(self.naming(event.group_id)) <= {event.group_id}, event
        group = self.by_id.pop(event.group_id)
        self.remotes.change(group.all_policies, ())
        self._touches.note(event.group_id)
        self._account.drop_tags(event.group_id)

    def _added(self, event: ev.PoliciesAdded, at: float) -> None:
        before = self.by_id[event.group_id].policies(event.direction)
        after = (*before[: event.index], *event.policies, *before[event.index :])
        self._list(event.group_id, event.direction, after, at)

    def _removed(self, event: ev.PoliciesRemoved, at: float) -> None:
        before = self.by_id[event.group_id].policies(event.direction)
        gone = set(event.indexes)
        after = tuple(one for index, one in enumerate(before) if index not in gone)
        self._list(event.group_id, event.direction, after, at)

    def _list(
        self, group_id: str, direction: PolicyDirection, policies: tuple[Policy, ...], at: float
    ) -> None:
        """The policies of one direction are these now."""
        group = self.by_id[group_id]
        ingress = policies if direction is PolicyDirection.INGRESS else group.ingress
        egress = policies if direction is PolicyDirection.EGRESS else group.egress
        self._policies_set(ev.PoliciesSet(group_id, ingress, egress), at)

    def _policies_set(self, event: ev.PoliciesSet, at: float) -> None:
        before = self.by_id[event.group_id]
        self._set(
            replace(
                before,
                ingress=event.ingress,
                egress=event.egress,
                version=before.version + 1,
                changed_at=at,
            )
        )

    def _template_created(self, event: ev.TemplateCreated, at: float) -> None:
        assert event.template_id not in self.templates, event
        self.templates[event.template_id] = Template(
            event.template_id, event.kind, event.name, at, at, event.members
        )

    def _template_changed(self, event: ev.TemplateChanged, at: float) -> None:
        before = self.templates[event.template_id]
        self.templates[event.template_id] = replace(
            before, name=event.name, members=event.members, changed_at=at
        )
        for template_id in (event.template_id, *self.grouping(event.template_id)):
            self._touches.note(template_id)
            for group_id in self.naming(template_id):
                self._touches.note(group_id)

    def _template_deleted(self, event: ev.TemplateDeleted, _at: float) -> None:
        del self.templates[event.template_id]
        self._account.drop_tags(event.template_id)

    def _set(self, after: SecurityGroup) -> None:
        """Set a group as it is now; nothing else changes policies."""
        before = self.by_id.get(after.group_id)
        self.remotes.change(before.all_policies if before else (), after.all_policies)
        self.by_id[after.group_id] = after
        self._touches.note(after.group_id)

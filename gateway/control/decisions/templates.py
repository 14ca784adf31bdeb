"""Templates of addresses and services, and groups of them, that policies name."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import policies, requirements, tags
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import (
    PolicyDirection,
    Template,
    TemplateKind,
    TemplateMember,
    address_range,
    service,
)

TEMPLATES_MAX: Final = 100  # of each kind
MEMBERS_MAX: Final = 20  # of a template, or of a group of them


def create(state: State, command: cmd.CreateTemplate, at: Moment) -> list[ev.Event]:
    """Create a template with its members, and with tags."""
    name = requirements.short_name(command.name)
    members = _checked(state, command.kind, command.members)
    tags.check(state, command.tags)
    kind = command.kind
    if sum(1 for one in state.templates.values() if one.kind is kind) >= TEMPLATES_MAX:
        raise errors.TemplateQuotaError(f"there are at most {TEMPLATES_MAX} templates of a kind")
    template_id = at.new_id(kind.value, state.templates)
    created = ev.TemplateCreated(template_id, kind, name, members)
    return [created, *tags.tagged(template_id, command.tags)]


def change(state: State, command: cmd.ChangeTemplate, _at: Moment) -> list[ev.Event]:
    """Change the name of a template, its members, or both; policies follow at once."""
    template = find(state, command.template_id)
    name = template.name if command.name is None else requirements.short_name(command.name)
    members = template.members
    if command.members is not None:
        members = _checked(state, template.kind, command.members)
    if (name, members) == (template.name, template.members):
        return []
    after = Template(template.template_id, template.kind, name, 0, 0, members)
    _check_policies(state, {**state.templates, template.template_id: after}, template.template_id)
    return [ev.TemplateChanged(template.template_id, name, members)]


def delete(state: State, command: cmd.DeleteTemplate, _at: Moment) -> list[ev.Event]:
    """Delete a template that no policy and no other template names."""
    template = find(state, command.template_id)
    key = template.template_id
    naming = [*state.naming(key), *state.grouping(key)]
    if naming:
        raise errors.TemplateInUseError(f"{', '.join(naming[:5])} name {key}: change those first")
    return [ev.TemplateDeleted(key)]


def find(state: State, template_id: str) -> Template:
    """Look up the template with this id. Raises `UnknownTemplateError`."""
    return policies.template(state, template_id, tuple(TemplateKind))


def _checked(
    state: State, kind: TemplateKind, members: Sequence[TemplateMember]
) -> tuple[TemplateMember, ...]:
    """The members in the form that is kept. Raises a `DomainError`."""
    if not members:
        raise errors.EmptyError("a template has one member at least")
    if len(members) > MEMBERS_MAX:
        raise errors.TemplateQuotaError(f"a template has at most {MEMBERS_MAX} members")
    checked = tuple(
        TemplateMember(
            _text(state, kind, one.text.strip()), requirements.description(one.description)
        )
        for one in members
    )
    if len({one.text for one in checked}) < len(checked):
        raise errors.DuplicateMemberError("the template would have the same member twice")
    return checked


def _text(state: State, kind: TemplateKind, text: str) -> str:
    if kind.of:
        return policies.template(state, text, (kind.of,)).template_id
    try:
        if kind is TemplateKind.SERVICES:
            return str(service(text))
        address_range(text)
    except ValueError as error:
        raise errors.MalformedError(str(error)) from error
    return text


def _check_policies(state: State, templates: Mapping[str, Template], changed: str) -> None:
    """Check that policies that name what changes stay within their bounds."""
    for key in (changed, *state.grouping(changed)):
        for group_id in state.naming(key):
            for direction in PolicyDirection:
                policies.check_width(templates, state.groups[group_id].policies(direction))

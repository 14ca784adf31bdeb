"""What the actions on templates of addresses and of services have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from gateway.api import codes
from gateway.api.action import Answer, Context, Listing
from gateway.api.errors import ApiError
from gateway.api.fields import Form, Tag
from gateway.api.filters import Seen, Table, equal, holding, matching
from gateway.api.listing import listed
from gateway.api.tag_view import tags_view
from gateway.api.times import plain_time
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import values
from gateway.control.decisions.templates import find
from gateway.control.state import State
from gateway.control.values import Template, TemplateKind, TemplateMember

MALFORMED: Final = f"{codes.VALUE}.Malformed"
DUPLICATE: Final = f"{codes.VALUE}.Duplicate"
EMPTY: Final = f"{codes.VALUE}.Empty"
IN_USE: Final = "UnsupportedOperation.MutexOperationTaskRunning"

Members = tuple[TemplateMember, ...]
View = Callable[[State, Template], Mapping[str, Any]]


class Wanted(NamedTuple):
    """A member of a template, as both of the parameters for members have it."""

    text: str
    description: str = ""


def form(kind: TemplateKind) -> Form:
    """The form of the ids of one kind of templates."""
    return Form(kind.value, MALFORMED)


def members(plain: Sequence[str] | None, extra: Sequence[Wanted] = ()) -> Members:
    """The members that a request names in one of two ways. Raises `ApiError` if in both."""
    if plain and extra:
        raise ApiError(codes.COEXIST, "name all members with descriptions, or all without")
    found = extra or [Wanted(text) for text in plain or ()]
    return tuple(TemplateMember(*one) for one in found)


def create(
    context: Context, kind: TemplateKind, name: str, wanted: Members, tags: tuple[Tag, ...]
) -> Template:
    """Create a template, and look it up. Raises `ControlError`."""
    given = tuple(values.Tag(tag.Key, tag.Value) for tag in tags)
    task = context.submit(cmd.CreateTemplate(kind, name, wanted, given))
    made = next(event for event in task.events if isinstance(event, ev.TemplateCreated))
    with context.control.state() as state:
        return find(state, made.template_id)


def listing(context: Context, asked: Listing, kind: TemplateKind, name: str, view: View) -> Answer:
    """The templates of one kind that pass the filters, in the order of their creation."""
    tests = asked.tests()
    with context.control.state() as state:
        among = [one for one in state.templates.values() if one.kind is kind]
        found = matching(Seen(state), among, tests)
        return listed(name, found, asked, lambda one: view(state, one))


def filters(prefix: str, kind: TemplateKind, member: str = "") -> Table[Template]:
    """The filters by name and id, and perhaps by a part of a member."""
    by = {
        f"{prefix}-name": equal(_name),
        f"{prefix}-id": equal(_id, form(kind)),
    }
    if member:
        by[member] = holding(_texts)
    return Table(by=by, tags=None, unknown=codes.FILTER, too_many=codes.LIMIT)


def _name(_: Seen, one: Template) -> tuple[str]:
    return (one.name,)


def _id(_: Seen, one: Template) -> tuple[str]:
    return (one.template_id,)


def _texts(_: Seen, one: Template) -> list[str]:
    return [member.text for member in one.members]


def view(state: State, template: Template, what: str) -> dict[str, Any]:
    """What a template of any kind shows of itself, under names with the word of its kind."""
    return {
        f"{what}Id": template.template_id,
        f"{what}Name": template.name,
        "CreatedTime": plain_time(template.created_at),
        "UpdatedTime": plain_time(template.changed_at),
        "TagSet": tags_view(state, template.template_id),
    }

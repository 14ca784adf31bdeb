"""The actions on templates of addresses, and on groups of such templates."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated, Any, Final

from gateway.api import codes
from gateway.api.action import Action, Answer, Context, Listing, action
from gateway.api.client import WaitsFor
from gateway.api.fields import Request, Tag
from gateway.api.services import VPC
from gateway.api.times import plain_time
from gateway.api.unused import complete
from gateway.api.vpc import templates
from gateway.control import commands as cmd
from gateway.control.progress import Task
from gateway.control.state import State
from gateway.control.values import Template, TemplateKind, address_range

_ADDRESSES: Final = TemplateKind.ADDRESSES
_GROUP: Final = TemplateKind.ADDRESS_GROUP
_Id = Annotated[str, templates.form(_ADDRESSES)]
_GroupId = Annotated[str, templates.form(_GROUP)]
_Ids = tuple[_Id, ...]
_CREATE: Final = (
    templates.MALFORMED,
    templates.DUPLICATE,
    templates.EMPTY,
    codes.COEXIST,
    codes.TOO_LONG,
)


@complete(VPC, "AddressInfo")
class AddressInfo(Request):
    """An address, a network or a range of addresses, with a description."""

    Address: str
    Description: str = ""

    @property
    def wanted(self) -> templates.Wanted:
        return templates.Wanted(self.Address, self.Description)


_Extra = tuple[AddressInfo, ...]


def template_view(state: State, template: Template) -> Mapping[str, Any]:
    """A template, its addresses with and without their descriptions."""
    changed = plain_time(template.changed_at)
    return templates.view(state, template, "AddressTemplate") | {
        "AddressSet": [one.text for one in template.members],
        "AddressExtraSet": [
            {"Address": one.text, "Description": one.description, "UpdatedTime": changed}
            for one in template.members
        ],
    }


def group_view(state: State, group: Template) -> Mapping[str, Any]:
    """A group of templates, with the addresses of each."""
    inside = [state.templates[one.text] for one in group.members]
    return templates.view(state, group, "AddressTemplateGroup") | {
        "AddressTemplateIdSet": [one.template_id for one in inside],
        "AddressTemplateSet": [item for one in inside for item in _items(one)],
    }


def _items(template: Template) -> list[dict[str, Any]]:
    """The addresses of a template, each as a range."""
    ends = [address_range(one.text) for one in template.members]
    return [
        {
            "AddressTemplateId": template.template_id,
            "AddressTemplateName": template.name,
            "From": str(IPv4Address(first)),
            "To": str(IPv4Address(last)),
            "Description": one.description,
            "UpdatedTime": plain_time(template.changed_at),
        }
        for one, (first, last) in zip(template.members, ends, strict=True)
    ]


@action(VPC, codes=_CREATE)
class CreateAddressTemplate(Action):
    """Create a template of addresses, networks and ranges, which policies can name."""

    AddressTemplateName: str
    Addresses: tuple[str, ...] = ()
    AddressesExtra: _Extra = ()
    Tags: tuple[Tag, ...] = ()

    def run(self, context: Context) -> Answer:
        wanted = templates.members(self.Addresses, [one.wanted for one in self.AddressesExtra])
        name = self.AddressTemplateName
        made = templates.create(context, _ADDRESSES, name, wanted, self.Tags)
        with context.control.state() as state:
            return {"AddressTemplate": template_view(state, made)}


@action(
    VPC,
    filters=templates.filters("address-template", _ADDRESSES, "address-ip"),
    codes=(templates.MALFORMED, codes.FILTER, codes.LIMIT),
)
class DescribeAddressTemplates(Listing):
    """List the templates of addresses in the order of their creation."""

    def run(self, context: Context) -> Answer:
        return templates.listing(context, self, _ADDRESSES, "AddressTemplateSet", template_view)


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=_CREATE)
class ModifyAddressTemplateAttribute(Action):
    """Give a template another name, other addresses, or both; policies follow at once."""

    AddressTemplateId: _Id
    AddressTemplateName: str | None = None
    Addresses: tuple[str, ...] | None = None
    AddressesExtra: _Extra | None = None

    def run(self, context: Context) -> Task:
        extra = self.AddressesExtra
        wanted = None
        if self.Addresses is not None or extra is not None:
            wanted = templates.members(self.Addresses, [one.wanted for one in extra or ()])
        command = cmd.ChangeTemplate(self.AddressTemplateId, self.AddressTemplateName, wanted)
        return context.submit(command)


@action(VPC, codes=(templates.MALFORMED, templates.IN_USE))
class DeleteAddressTemplate(Action):
    """Delete a template of addresses that nothing names."""

    AddressTemplateId: _Id

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeleteTemplate(self.AddressTemplateId))


@action(VPC, codes=(templates.MALFORMED,))
class CreateAddressTemplateGroup(Action):
    """Create a group of templates of addresses, which policies can name as one."""

    AddressTemplateGroupName: str
    AddressTemplateIds: _Ids
    Tags: tuple[Tag, ...] = ()

    def run(self, context: Context) -> Answer:
        wanted = templates.members(self.AddressTemplateIds)
        name = self.AddressTemplateGroupName
        made = templates.create(context, _GROUP, name, wanted, self.Tags)
        with context.control.state() as state:
            return {"AddressTemplateGroup": group_view(state, made)}


@action(
    VPC,
    filters=templates.filters("address-template-group", _GROUP),
    codes=(templates.MALFORMED, codes.FILTER),
)
class DescribeAddressTemplateGroups(Listing):
    """List the groups of templates of addresses in the order of their creation."""

    def run(self, context: Context) -> Answer:
        return templates.listing(context, self, _GROUP, "AddressTemplateGroupSet", group_view)


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=(templates.MALFORMED, templates.DUPLICATE))
class ModifyAddressTemplateGroupAttribute(Action):
    """Give a group of templates another name, other templates, or both."""

    AddressTemplateGroupId: _GroupId
    AddressTemplateGroupName: str | None = None
    AddressTemplateIds: _Ids | None = None

    def run(self, context: Context) -> Task:
        ids = self.AddressTemplateIds
        wanted = None if ids is None else templates.members(ids)
        command = cmd.ChangeTemplate(
            self.AddressTemplateGroupId, self.AddressTemplateGroupName, wanted
        )
        return context.submit(command)


@action(VPC, codes=(templates.MALFORMED, templates.IN_USE))
class DeleteAddressTemplateGroup(Action):
    """Delete a group of templates of addresses that no policy names."""

    AddressTemplateGroupId: _GroupId

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeleteTemplate(self.AddressTemplateGroupId))

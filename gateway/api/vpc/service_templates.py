"""The actions on templates of services, and on groups of such templates."""

from collections.abc import Mapping
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
from gateway.control.values import Template, TemplateKind

_SERVICES: Final = TemplateKind.SERVICES
_GROUP: Final = TemplateKind.SERVICE_GROUP
_Id = Annotated[str, templates.form(_SERVICES)]
_GroupId = Annotated[str, templates.form(_GROUP)]
_Ids = tuple[_Id, ...]
_MEMBERS: Final = (templates.DUPLICATE, codes.COEXIST, codes.TOO_LONG)


@complete(VPC, "ServicesInfo")
class ServicesInfo(Request):
    """A protocol, perhaps with ports, such as `tcp:80,443`, with a description."""

    Service: str
    Description: str = ""

    @property
    def wanted(self) -> templates.Wanted:
        return templates.Wanted(self.Service, self.Description)


_Extra = tuple[ServicesInfo, ...]


def template_view(state: State, template: Template) -> Mapping[str, Any]:
    """A template, its services with and without their descriptions."""
    changed = plain_time(template.changed_at)
    return templates.view(state, template, "ServiceTemplate") | {
        "ServiceSet": [one.text for one in template.members],
        "ServiceExtraSet": [
            {"Service": one.text, "Description": one.description, "UpdatedTime": changed}
            for one in template.members
        ],
    }


def group_view(state: State, group: Template) -> Mapping[str, Any]:
    """A group of templates, with all that each of them shows."""
    inside = [state.templates[one.text] for one in group.members]
    return templates.view(state, group, "ServiceTemplateGroup") | {
        "ServiceTemplateIdSet": [one.template_id for one in inside],
        "ServiceTemplateSet": [template_view(state, one) for one in inside],
    }


@action(VPC, codes=(*_MEMBERS, templates.EMPTY))
class CreateServiceTemplate(Action):
    """Create a template of protocols with ports, which policies can name."""

    ServiceTemplateName: str
    Services: tuple[str, ...] = ()
    ServicesExtra: _Extra = ()
    Tags: tuple[Tag, ...] = ()

    def run(self, context: Context) -> Answer:
        wanted = templates.members(self.Services, [one.wanted for one in self.ServicesExtra])
        name = self.ServiceTemplateName
        made = templates.create(context, _SERVICES, name, wanted, self.Tags)
        with context.control.state() as state:
            return {"ServiceTemplate": template_view(state, made)}


@action(
    VPC,
    filters=templates.filters("service-template", _SERVICES, "service-port"),
    codes=(templates.MALFORMED, codes.FILTER),
)
class DescribeServiceTemplates(Listing):
    """List the templates of services in the order of their creation."""

    def run(self, context: Context) -> Answer:
        return templates.listing(context, self, _SERVICES, "ServiceTemplateSet", template_view)


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=(*_MEMBERS, templates.MALFORMED))
class ModifyServiceTemplateAttribute(Action):
    """Give a template another name, other services, or both; policies follow at once."""

    ServiceTemplateId: _Id
    ServiceTemplateName: str | None = None
    Services: tuple[str, ...] | None = None
    ServicesExtra: _Extra | None = None

    def run(self, context: Context) -> Task:
        extra = self.ServicesExtra
        wanted = None
        if self.Services is not None or extra is not None:
            wanted = templates.members(self.Services, [one.wanted for one in extra or ()])
        command = cmd.ChangeTemplate(self.ServiceTemplateId, self.ServiceTemplateName, wanted)
        return context.submit(command)


@action(VPC, codes=(templates.MALFORMED, templates.IN_USE))
class DeleteServiceTemplate(Action):
    """Delete a template of services that nothing names."""

    ServiceTemplateId: _Id

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeleteTemplate(self.ServiceTemplateId))


@action(VPC, codes=(templates.MALFORMED,))
class CreateServiceTemplateGroup(Action):
    """Create a group of templates of services, which policies can name as one."""

    ServiceTemplateGroupName: str
    ServiceTemplateIds: _Ids
    Tags: tuple[Tag, ...] = ()

    def run(self, context: Context) -> Answer:
        wanted = templates.members(self.ServiceTemplateIds)
        name = self.ServiceTemplateGroupName
        made = templates.create(context, _GROUP, name, wanted, self.Tags)
        with context.control.state() as state:
            return {"ServiceTemplateGroup": group_view(state, made)}


@action(
    VPC,
    filters=templates.filters("service-template-group", _GROUP),
    codes=(templates.MALFORMED, codes.FILTER),
)
class DescribeServiceTemplateGroups(Listing):
    """List the groups of templates of services in the order of their creation."""

    def run(self, context: Context) -> Answer:
        return templates.listing(context, self, _GROUP, "ServiceTemplateGroupSet", group_view)


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=(templates.MALFORMED,))
class ModifyServiceTemplateGroupAttribute(Action):
    """Give a group of templates another name, other templates, or both."""

    ServiceTemplateGroupId: _GroupId
    ServiceTemplateGroupName: str | None = None
    ServiceTemplateIds: _Ids | None = None

    def run(self, context: Context) -> Task:
        ids = self.ServiceTemplateIds
        wanted = None if ids is None else templates.members(ids)
        command = cmd.ChangeTemplate(
            self.ServiceTemplateGroupId, self.ServiceTemplateGroupName, wanted
        )
        return context.submit(command)


@action(VPC, codes=(templates.MALFORMED, templates.IN_USE))
class DeleteServiceTemplateGroup(Action):
    """Delete a group of templates of services that no policy names."""

    ServiceTemplateGroupId: _GroupId

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeleteTemplate(self.ServiceTemplateGroupId))

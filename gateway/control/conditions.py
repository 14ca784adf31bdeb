"""What policies mean: the services and the addresses that they stand for, templates taken apart."""

from collections.abc import Iterator, Mapping

from gateway.control.values.groups import Policy, Template
from gateway.control.values.services import Service, service


def services_of(templates: Mapping[str, Template], policy: Policy) -> Iterator[Service]:
    """The services that a policy admits or drops, in the order of its templates."""
    if not policy.services:
        yield policy.service
        return
    for text in texts_in(templates, policy.services):
        yield service(text)


def texts_in(templates: Mapping[str, Template], template_id: str) -> Iterator[str]:
    """The members of a template, or of all templates in a group of them."""
    template = templates[template_id]
    for member in template.members:
        if template.kind.of:
            yield from texts_in(templates, member.text)
        else:
            yield member.text


def width(templates: Mapping[str, Template], policy: Policy) -> int:
    """How many single conditions a policy is: one for each of its ranges of ports."""
    return sum(len(one.ranges) for one in services_of(templates, policy))

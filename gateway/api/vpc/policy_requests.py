"""Policies of security groups as requests have them, and what they mean to control."""

from typing import Final, NamedTuple

from gateway.api import codes
from gateway.api.errors import ApiError
from gateway.api.fields import Request, Whole
from gateway.api.services import VPC
from gateway.api.unused import complete
from gateway.control import values
from gateway.control.values import Policy, PolicyAction, PolicyDirection

_EMPTY: Final = f"{codes.VALUE}.Empty"
_ONLY_IPV4: Final = "UnsupportedOperation"
_CALLER: Final = "MY_PUBLIC_IP"


@complete(VPC, "ServiceTemplateSpecification")
class Services(Request):
    """A template of services, or a group of such templates."""

    ServiceId: str = ""
    ServiceGroupId: str = ""


@complete(VPC, "AddressTemplateSpecification")
class Addresses(Request):
    """A template of addresses, or a group of such templates."""

    AddressId: str = ""
    AddressGroupId: str = ""


@complete(VPC, "SecurityGroupPolicy")
class PolicyRequest(Request):
    """A policy. An empty text is as good as absent, as clients send one for what they don't use."""

    PolicyIndex: Whole | None = None
    Protocol: str = ""
    Port: str = ""
    ServiceTemplate: Services = Services()
    CidrBlock: str = ""
    Ipv6CidrBlock: str = ""
    SecurityGroupId: str = ""
    AddressTemplate: Addresses = Addresses()
    Action: str = ""
    PolicyDescription: str = ""

    @property
    def index(self) -> int:
        """The place that it names. Raises `ApiError` if it names none."""
        if self.PolicyIndex is None:
            raise ApiError(_EMPTY, "PolicyIndex: name the place of the policy")
        return self.PolicyIndex

    def policy(self) -> Policy:
        """What the request means to control, as a policy. Raises `ApiError`."""
        if self.Ipv6CidrBlock:
            raise ApiError(_ONLY_IPV4, "Ipv6CidrBlock: here is IPv4 only")
        if self.CidrBlock.upper() == _CALLER:
            raise ApiError(_ONLY_IPV4, f"CidrBlock: {_CALLER} isn't known here: name the address")
        services = _one_of("ServiceTemplate", *_ids(self.ServiceTemplate))
        if services and (self.Protocol or self.Port):
            raise ApiError(codes.COEXIST, "ServiceTemplate excludes Protocol and Port")
        return Policy(
            action=self._action(),
            protocol=values.Protocol.ALL if services else self._protocol(),
            ports=self.Port or "ALL",
            cidr=self.CidrBlock,
            group_id=self.SecurityGroupId,
            addresses=_one_of("AddressTemplate", *_ids(self.AddressTemplate)),
            services=services,
            description=self.PolicyDescription,
        )

    def _action(self) -> PolicyAction:
        word = self.Action.upper()
        if not word:
            raise ApiError(_EMPTY, "Action: say ACCEPT or DROP")
        if word not in set(PolicyAction):
            raise ApiError(codes.VALUE, f"Action: {self.Action[:80]!r} is neither ACCEPT nor DROP")
        return PolicyAction(word)

    def _protocol(self) -> values.Protocol:
        word = self.Protocol.upper()
        if not word:
            raise ApiError(_EMPTY, f"Protocol: say one of {', '.join(values.Protocol)}")
        if word == "ICMPV6":
            raise ApiError(_ONLY_IPV4, "Protocol: here is IPv4 only, so there is no ICMPv6")
        if word not in set(values.Protocol):
            known = ", ".join(values.Protocol)
            raise ApiError(codes.VALUE, f"Protocol: {self.Protocol[:80]!r} is none of {known}")
        return values.Protocol(word)


class OneWay(NamedTuple):
    """The policies of a request that is about one direction."""

    direction: PolicyDirection
    policies: tuple[PolicyRequest, ...]

    @property
    def indexes(self) -> list[int | None]:
        """The places that the policies name, None for each that names none."""
        return [one.PolicyIndex for one in self.policies]


@complete(VPC, "SecurityGroupPolicySet")
class PolicySetRequest(Request):
    """Policies of one direction or both, and the version of the policies that are meant."""

    Version: str = ""
    Egress: tuple[PolicyRequest, ...] = ()
    Ingress: tuple[PolicyRequest, ...] = ()

    @property
    def version(self) -> int | None:
        """The version, None if none is named. Raises `ApiError`."""
        if not self.Version:
            return None
        if not (self.Version.isascii() and self.Version.isdigit() and len(self.Version) <= 18):
            raise ApiError(codes.VALUE, f"Version: {self.Version[:80]!r} is no version")
        return int(self.Version)

    def one_way(self) -> OneWay:
        """The policies, of which all are of one direction. Raises `ApiError`."""
        if self.Egress and self.Ingress:
            raise ApiError(codes.COEXIST, "Egress and Ingress: one direction at a time")
        if self.Egress:
            return OneWay(PolicyDirection.EGRESS, self.Egress)
        if not self.Ingress:
            raise ApiError(_EMPTY, "Egress and Ingress: name a policy")
        return OneWay(PolicyDirection.INGRESS, self.Ingress)

    def both(self) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
        """The policies for what comes in, and for what goes out. Raises `ApiError`."""
        return _policies(self.Ingress), _policies(self.Egress)


def _policies(requests: tuple[PolicyRequest, ...]) -> tuple[Policy, ...]:
    return tuple(one.policy() for one in requests)


def _ids(template: Services | Addresses) -> tuple[str, str]:
    if isinstance(template, Services):
        return template.ServiceId, template.ServiceGroupId
    return template.AddressId, template.AddressGroupId


def _one_of(name: str, one: str, many: str) -> str:
    if one and many:
        raise ApiError(codes.COEXIST, f"{name}: name a template or a group of templates")
    return one or many

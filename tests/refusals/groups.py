"""The codes of actions on security groups, policies and templates, and how to get them."""

from functools import partial
from typing import Any, cast

from refusals.common import written
from refusals.situations import (
    MANY,
    TWICE,
    Prepare,
    Request,
    Rows,
    V,
    filtered,
    going,
    ids,
    moved,
    plain,
)
from support.api import call
from support.world import World

from gateway.control.decisions.groups import MEMBERS_MAX
from gateway.control.values import SECURITY_GROUP_ID as DEFAULT

NO_SG, NO_IPM = "sg-nowhere0", "ipm-nowhere0"
COEXIST, MALFORMED, EMPTY = "InvalidParameter.Coexist", f"{V}.Malformed", f"{V}.Empty"
HTTP = {"Protocol": "TCP", "Port": "80", "CidrBlock": "0.0.0.0/0", "Action": "accept"}
ALL_PORTS = {"CidrBlock": "0.0.0.0/0", "Action": "drop"}
NAMED = {"GroupName": "web", "GroupDescription": "x"}


def group(world: World, **more: Any) -> str:
    """A security group without policies."""
    made = call(world, "CreateSecurityGroup", NAMED | more)
    return str(made["SecurityGroup"]["SecurityGroupId"])


def template(world: World, address: str = "192.0.2.1") -> str:
    """A template of addresses."""
    request = {"AddressTemplateName": "x", "Addresses": [address]}
    made = call(world, "CreateAddressTemplate", request)
    return str(made["AddressTemplate"]["AddressTemplateId"])


def policies(*some: Request, way: str = "Ingress", version: str = "") -> Request:
    """A set of policies of one direction."""
    return {"SecurityGroupPolicySet": {way: list(some), "Version": version}}


def of_group(**more: Any) -> Rows:
    """The rows of what is about one security group."""
    return {
        MALFORMED: plain(SecurityGroupId="web", **more),
        "ResourceNotFound": plain(SecurityGroupId=NO_SG, **more),
    }


def of_groups() -> Rows:
    """The rows of what is about several security groups."""
    return {
        MALFORMED: plain(SecurityGroupIds=["web"]),
        "ResourceNotFound": plain(SecurityGroupIds=[NO_SG]),
        f"{V}.LimitExceeded": plain(SecurityGroupIds=ids(101, "sg")),
    }


def about(make: Any, *some: Request, **more: Any) -> Prepare:
    """Policies for a group that was made before."""
    return lambda world: {"SecurityGroupId": make(world), **policies(*some, **more)}


def with_http(world: World) -> str:
    """A security group with one policy for what comes in."""
    group_id = group(world)
    request = {"SecurityGroupId": group_id, **policies(HTTP)}
    call(world, "CreateSecurityGroupPolicies", request)
    return group_id


def full(world: World) -> str:
    """A group with all the instances it can have: made so in the state, as the subnet is small."""
    group_id = group(world)
    with world.control.state() as state:
        cast("set[str]", state.members_of(group_id)).update(map(str, range(MEMBERS_MAX)))
    return group_id


def five_groups(world: World) -> Request:
    """The instance is in the default group and in four others, and asks for one more."""
    instance_id = world.run()
    for _ in range(4):
        request = {"InstanceIds": [instance_id], "SecurityGroupIds": [group(world)]}
        call(world, "AssociateSecurityGroups", request)
    return {"InstanceIds": [instance_id], "SecurityGroupIds": [group(world)]}


def used(world: World) -> Request:
    """A template of addresses that a policy names."""
    template_id = template(world)
    named = HTTP | {"CidrBlock": "", "AddressTemplate": {"AddressId": template_id}}
    request = {"SecurityGroupId": group(world), **policies(named)}
    call(world, "CreateSecurityGroupPolicies", request)
    return {"AddressTemplateId": template_id}


BAD_POLICIES: Rows = {
    COEXIST: about(group, HTTP | {"SecurityGroupId": DEFAULT}),
    EMPTY: about(group, HTTP | {"Action": ""}),
    f"{V}.TooLong": about(group, HTTP | {"PolicyDescription": "x" * 101}),
}
HTTP_AT_0 = HTTP | {"PolicyIndex": 0}
OF_CHANGES: Rows = of_group(**policies(HTTP_AT_0)) | {
    COEXIST: about(with_http, HTTP_AT_0 | {"SecurityGroupId": DEFAULT}),
    EMPTY: about(with_http, HTTP_AT_0 | {"Action": ""}),
    f"{V}.Range": about(group, HTTP | {"PolicyIndex": 7}),
    f"{V}.TooLong": about(with_http, HTTP_AT_0 | {"PolicyDescription": "x" * 101}),
    "UnsupportedOperation.VersionMismatch": about(with_http, HTTP_AT_0, version="9"),
}
WRITTEN = {"SecurityGroupIds": [DEFAULT]}
BOUND: Rows = written(None, **WRITTEN) | {
    "InvalidSgId.Malformed": plain(InstanceIds=ids(1), SecurityGroupIds=["web"]),
    "InvalidSecurityGroupId.NotFound": lambda world: {
        "InstanceIds": [world.run()],
        "SecurityGroupIds": [NO_SG],
    },
}


def of_template(name: str, wrong: str = "x", **more: Any) -> Rows:
    """The rows of what is about one template."""
    return {
        MALFORMED: plain(**{name: wrong}, **more),
        "ResourceNotFound": plain(**{name: f"{PREFIXES[name]}-nowhere0"}, **more),
    }


PREFIXES = {
    "AddressTemplateId": "ipm",
    "AddressTemplateGroupId": "ipmg",
    "ServiceTemplateId": "ppm",
    "ServiceTemplateGroupId": "ppmg",
}


def _with(key: str, more: Request, template_id: str) -> Request:
    return {key: template_id} | more


def of_members(kind: str, member: str) -> tuple[Rows, Rows]:
    """The rows of what creates and changes templates of addresses, or of services."""
    names, extra, one = (
        ("Addresses", "AddressesExtra", "Address")
        if kind == "Address"
        else ("Services", "ServicesExtra", "Service")
    )
    name, key = f"{kind}TemplateName", f"{kind}TemplateId"

    def made(world: World) -> str:
        answer = call(world, f"Create{kind}Template", {name: "x", names: [member]})
        return str(answer[f"{kind}Template"][key])

    wrong: dict[str, Request] = {
        MALFORMED: {names: ["x"]},
        f"{V}.Duplicate": {names: [member, member]},
        EMPTY: {names: []},
        COEXIST: {names: [member], extra: [{one: member}]},
        f"{V}.TooLong": {names: [member], name: "x" * 61},
    }
    creating: Rows = {code: plain(**{name: "x"} | more) for code, more in wrong.items()}
    changing: Rows = {code: moved(made, partial(_with, key, more)) for code, more in wrong.items()}
    return creating, changing


_ADDRESSES, _OTHER_ADDRESSES = of_members("Address", "192.0.2.1")
_SERVICES, _OTHER_SERVICES = of_members("Service", "tcp:80")


def service_template(world: World) -> str:
    """A template of services."""
    request = {"ServiceTemplateName": "x", "Services": ["tcp:80"]}
    made = call(world, "CreateServiceTemplate", request)
    return str(made["ServiceTemplate"]["ServiceTemplateId"])


def grouped(world: World, kind: str) -> Request:
    """A group of templates, and the template in it."""
    template_id = template(world) if kind == "Address" else service_template(world)
    request = {f"{kind}TemplateGroupName": "x", f"{kind}TemplateIds": [template_id]}
    made = call(world, f"Create{kind}TemplateGroup", request)[f"{kind}TemplateGroup"]
    return {"group": made[f"{kind}TemplateGroupId"], "template": template_id}


def used_group(world: World, kind: str) -> Request:
    """A group of templates that a policy names."""
    key = grouped(world, kind)["group"]
    named = (
        HTTP | {"CidrBlock": "", "AddressTemplate": {"AddressGroupId": key}}
        if kind == "Address"
        else {
            "CidrBlock": "0.0.0.0/0",
            "Action": "drop",
            "ServiceTemplate": {"ServiceGroupId": key},
        }
    )
    call(
        world,
        "CreateSecurityGroupPolicies",
        {"SecurityGroupId": group(world), **policies(named, way="Egress")},
    )
    return {f"{kind}TemplateGroupId": key}


def twice(world: World) -> Request:
    """A group with two policies, of which one shall be as the other."""
    group_id = with_http(world)
    ssh = HTTP | {"Port": "22"}
    call(world, "CreateSecurityGroupPolicies", {"SecurityGroupId": group_id, **policies(ssh)})
    return {"SecurityGroupId": group_id, **policies(ssh | {"PolicyIndex": 0})}


def doubled(world: World, kind: str) -> Request:
    """A group of templates that shall have one template twice."""
    made = grouped(world, kind)
    return {
        f"{kind}TemplateGroupId": made["group"],
        f"{kind}TemplateIds": [made["template"]] * 2,
    }


IN_USE = "UnsupportedOperation.MutexOperationTaskRunning"
ROWS: dict[str, Rows] = {
    "CreateSecurityGroup": {
        f"{V}.TooLong": plain(**NAMED | {"GroupName": "x" * 61}),
        f"{V}.TagDuplicateKey": plain(**NAMED, Tags=TWICE),
        "LimitExceeded.TagQuota": plain(**NAMED, Tags=MANY),
    },
    "CreateSecurityGroupWithPolicies": {
        f"{V}.TooLong": plain(**NAMED | {"GroupDescription": "x" * 101}),
        MALFORMED: plain(**NAMED, **policies(HTTP | {"Port": "70000"})),
        COEXIST: plain(**NAMED, **policies(HTTP | {"Protocol": "icmp"})),
    },
    "CloneSecurityGroup": of_group()
    | {f"{V}.TooLong": plain(SecurityGroupId=DEFAULT, GroupName="x" * 61)},
    "ModifySecurityGroupAttribute": of_group(GroupName="x")
    | {f"{V}.TooLong": plain(SecurityGroupId=DEFAULT, GroupName="x" * 61)},
    "DeleteSecurityGroup": of_group() | {"UnsupportedOperation": plain(SecurityGroupId=DEFAULT)},
    "DescribeSecurityGroups": of_groups()
    | {
        COEXIST: plain(SecurityGroupIds=[DEFAULT], **filtered("project-id", "0")),
        "InvalidParameter.FilterInvalidKey": plain(**filtered("colour", "red")),
    },
    "DescribeSecurityGroupAssociationStatistics": of_groups(),
    "DescribeSecurityGroupReferences": of_groups(),
    "DescribeSecurityGroupPolicies": of_group()
    | {
        "InvalidParameter.FilterInvalidKey": plain(
            SecurityGroupId=DEFAULT, **filtered("colour", "red")
        ),
        f"{V}.LimitExceeded": plain(SecurityGroupId=DEFAULT, **filtered("ip", *ids(101))),
    },
    "CreateSecurityGroupPolicies": OF_CHANGES
    | {
        "UnsupportedOperation.DuplicatePolicy": about(with_http, HTTP),
        "LimitExceeded.SecurityGroupPolicySet": about(
            group, *({**HTTP, "Port": str(port)} for port in range(101))
        ),
    },
    "DeleteSecurityGroupPolicies": {
        code: row for code, row in OF_CHANGES.items() if code != f"{V}.TooLong"
    }
    | {
        COEXIST: about(with_http, HTTP_AT_0, HTTP),
        EMPTY: about(with_http),
        "ResourceNotFound": about(with_http, HTTP | {"Port": "81"}),
    },
    "ModifySecurityGroupPolicies": of_group(**policies(HTTP))
    | BAD_POLICIES
    | {"UnsupportedOperation.DuplicatePolicy": about(group, HTTP, HTTP)},
    "ReplaceSecurityGroupPolicy": OF_CHANGES | {"UnsupportedOperation.DuplicatePolicy": twice},
    "ReplaceSecurityGroupPolicies": OF_CHANGES | {"UnsupportedOperation.DuplicatePolicy": twice},
    "AssociateSecurityGroups": BOUND
    | {
        "UnsupportedOperation": lambda world: {
            "InstanceIds": [going(world)],
            **WRITTEN,
        },
        "LimitExceeded.SingleUSGQuota": five_groups,
        "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded": lambda world: {
            "InstanceIds": [world.run()],
            "SecurityGroupIds": [full(world)],
        },
    },
    "DisassociateSecurityGroups": BOUND
    | {
        "UnsupportedOperation": lambda world: {"InstanceIds": [world.run()], **WRITTEN},
    },
    "CreateAddressTemplate": _ADDRESSES,
    "ModifyAddressTemplateAttribute": _OTHER_ADDRESSES,
    "CreateServiceTemplate": {code: row for code, row in _SERVICES.items() if code != MALFORMED},
    "ModifyServiceTemplateAttribute": {
        code: row for code, row in _OTHER_SERVICES.items() if code != EMPTY
    },
    "DeleteAddressTemplate": of_template("AddressTemplateId") | {IN_USE: used},
    "DeleteServiceTemplate": of_template("ServiceTemplateId")
    | {IN_USE: lambda world: {"ServiceTemplateId": grouped(world, "Service")["template"]}},
    "DeleteAddressTemplateGroup": of_template("AddressTemplateGroupId")
    | {IN_USE: lambda world: used_group(world, "Address")},
    "DeleteServiceTemplateGroup": of_template("ServiceTemplateGroupId")
    | {IN_USE: lambda world: used_group(world, "Service")},
    "CreateAddressTemplateGroup": {
        MALFORMED: plain(AddressTemplateGroupName="x", AddressTemplateIds=["x"]),
        "ResourceNotFound": plain(AddressTemplateGroupName="x", AddressTemplateIds=[NO_IPM]),
    },
    "CreateServiceTemplateGroup": {
        MALFORMED: plain(ServiceTemplateGroupName="x", ServiceTemplateIds=["x"]),
    },
    "ModifyAddressTemplateGroupAttribute": of_template("AddressTemplateGroupId")
    | {
        f"{V}.Duplicate": lambda world: doubled(world, "Address"),
    },
    "ModifyServiceTemplateGroupAttribute": of_template("ServiceTemplateGroupId"),
    **{
        f"Describe{kind}{what}": {
            MALFORMED: plain(**filtered(f"{kind.lower()}-{word}-id", "x")),
            "InvalidParameter.FilterInvalidKey": plain(**filtered("colour", "red")),
        }
        for kind in ("Address", "Service")
        for what, word in (("Templates", "template"), ("TemplateGroups", "template-group"))
    },
}
ROWS["DescribeAddressTemplates"][f"{V}.LimitExceeded"] = plain(Limit=101)

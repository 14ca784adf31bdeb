"""What is declared: the document has it all, and answers are what it says."""

from pathlib import Path
from typing import Any

import pytest
from refusals.groups import HTTP, grouped, policies, service_template, template
from refusals.situations import paid_for
from support.api import call
from support.world import World

from gateway.api import document
from gateway.api.codes import EVERYWHERE
from gateway.api.fields import Request
from gateway.api.registry import ALL_ACTIONS
from gateway.api.shapes import SCALARS, Service
from gateway.control import commands as cmd
from gateway.control.values import Behaviour

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


JSON_TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "float": float | int}


def assert_fits(service: Service, shape: str, value: dict[str, Any]) -> None:
    """The object has all fields of the shape, each of its JSON type, in all its depth."""
    fields = service.fields(shape)
    assert value.keys() == fields.keys(), shape
    for name, field in fields.items():
        found = value[name]
        for one in found if field.is_list and found is not None else [found]:
            if field.kind not in SCALARS and one is not None:
                assert_fits(service, field.kind, one)
            elif one is not None:
                assert isinstance(one, JSON_TYPES[field.kind]), f"{shape}.{name}"


@pytest.fixture
def ids(world: World) -> dict[str, Any]:
    """Requests that can be carried out, by the parameters that actions need."""
    world.execute(cmd.ConfigureAccount(Behaviour.STANDARD))
    instance_id, other_id = world.run(), world.run()
    eip_id = call(world, "AllocateAddresses", {"Tags": [{"Key": "a"}]})["AddressSet"][0]
    package_id = call(world, "CreateBandwidthPackage", {})["BandwidthPackageId"]
    stopped_id = world.run()
    call(world, "StopInstances", {"InstanceIds": [stopped_id]})
    return {
        "instance": instance_id,
        "other": other_id,
        "stopped": stopped_id,
        "address": world.public(other_id),
        "eip": eip_id,
        "package": package_id,
        "paid": paid_for(world),
        **made_groups(world),
    }


def made_groups(world: World) -> dict[str, Any]:
    """A security group with a policy, and a template of each kind in a group of its own."""
    named = {"GroupName": "web", "GroupDescription": "x", **policies(HTTP)}
    group = call(world, "CreateSecurityGroupWithPolicies", named)["SecurityGroup"]
    addresses, services = grouped(world, "Address"), grouped(world, "Service")
    return {
        "sg": group["SecurityGroupId"],
        "ipm": addresses["template"],
        "ipmg": addresses["group"],
        "ppm": services["template"],
        "ppmg": services["group"],
        "unused_ipm": template(world),
        "unused_ppm": service_template(world),
    }


def group_requests(ids: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The requests about security groups and templates, in an order that is possible."""
    group, groups = {"SecurityGroupId": ids["sg"]}, {"SecurityGroupIds": [ids["sg"]]}
    named = {"GroupName": "web", "GroupDescription": "x"}
    bound = groups | {"InstanceIds": [ids["other"]]}
    ssh = HTTP | {"Port": "22", "PolicyIndex": 0}
    return {
        "CreateSecurityGroup": named,
        "CreateSecurityGroupWithPolicies": named,
        "CreateDefaultSecurityGroup": {},
        "CloneSecurityGroup": group,
        "ModifySecurityGroupAttribute": group | {"GroupName": "www"},
        "CreateSecurityGroupPolicies": group | policies(ssh),
        "ReplaceSecurityGroupPolicy": group | policies(ssh | {"Port": "23"}),
        "ReplaceSecurityGroupPolicies": group | policies(ssh | {"Port": "24"}),
        "DeleteSecurityGroupPolicies": group | policies({"PolicyIndex": 0}),
        "ModifySecurityGroupPolicies": group | policies(HTTP),
        "DescribeSecurityGroupPolicies": group,
        "DescribeHiddenPolicies": group,
        "DescribeSecurityGroupAssociationStatistics": groups,
        "DescribeSecurityGroupReferences": groups,
        "AssociateSecurityGroups": bound,
        "DisassociateSecurityGroups": bound,
        "DeleteSecurityGroup": group,
        "CreateAddressTemplate": {"AddressTemplateName": "x", "Addresses": ["192.0.2.1"]},
        "CreateServiceTemplate": {"ServiceTemplateName": "x", "Services": ["tcp:1"]},
        "CreateAddressTemplateGroup": {
            "AddressTemplateGroupName": "x",
            "AddressTemplateIds": [ids["ipm"]],
        },
        "CreateServiceTemplateGroup": {
            "ServiceTemplateGroupName": "x",
            "ServiceTemplateIds": [ids["ppm"]],
        },
        "ModifyAddressTemplateAttribute": {"AddressTemplateId": ids["ipm"]},
        "ModifyServiceTemplateAttribute": {"ServiceTemplateId": ids["ppm"]},
        "ModifyAddressTemplateGroupAttribute": {"AddressTemplateGroupId": ids["ipmg"]},
        "ModifyServiceTemplateGroupAttribute": {"ServiceTemplateGroupId": ids["ppmg"]},
    }


def group_ends(ids: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The requests by which a template goes, and a group of templates."""
    return {
        "DeleteAddressTemplateGroup": {"AddressTemplateGroupId": ids["ipmg"]},
        "DeleteServiceTemplateGroup": {"ServiceTemplateGroupId": ids["ppmg"]},
        "DeleteAddressTemplate": {"AddressTemplateId": ids["unused_ipm"]},
        "DeleteServiceTemplate": {"ServiceTemplateId": ids["unused_ppm"]},
    }


def requests(ids: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One for each action, in an order in which each can be carried out."""
    instances, eip = {"InstanceIds": [ids["instance"]]}, {"AddressId": ids["eip"]}
    package = {"BandwidthPackageId": ids["package"]}
    mbps = {"InternetMaxBandwidthOut": 6}
    members = package | {"ResourceIds": [ids["eip"]]}
    tag = {"TagKey": "b", "TagValue": "c"}
    resource = f"qcs::vpc:ap-guangzhou:uin/:eip/{ids['eip']}"
    charge = {"InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR", **mbps}
    return {
        "RunInstances": {},
        "StopInstances": instances,
        "StartInstances": instances,
        "RebootInstances": instances,
        "ResetInstancesInternetMaxBandwidth": instances | {"InternetAccessible": mbps},
        "ModifyInstancesAttribute": instances | {"InstanceName": "www"},
        "AllocateAddresses": {},
        "ModifyAddressesBandwidth": {"AddressIds": [ids["eip"]], **mbps},
        "ModifyAddressInternetChargeType": eip | charge,
        "ModifyAddressAttribute": eip | {"AddressName": "www"},
        "CreateBandwidthPackage": {},
        "AddBandwidthPackageResources": members,
        "ModifyBandwidthPackageBandwidth": package | {"InternetMaxBandwidth": 100},
        "ModifyBandwidthPackageAttribute": package | {"BandwidthPackageName": "www"},
        "DescribeBandwidthPackageResources": package,
        "DescribeTaskResult": {"TaskId": 1},
        "GetMonitorData": {
            "Namespace": "QCE/LB",
            "MetricName": "VipOuttraffic",
            "Instances": [{"Dimensions": [{"Name": "eip", "Value": ids["address"]}]}],
        },
        "DescribeBaseMetrics": {"Namespace": "QCE/LB"},
        "ConfigureAccount": {},
        "CreateTag": tag,
        "DeleteTag": tag,
        "TagResources": {"ResourceList": [resource], "Tags": [tag]},
        "DescribeResourceTagsByResourceIds": {
            "ServiceType": "vpc",
            "ResourcePrefix": "eip",
            "ResourceIds": [ids["eip"]],
            "ResourceRegion": "ap-guangzhou",
        },
        "DescribeResourcesByTags": {"TagFilters": [{"TagKey": "b"}]},
        "GetTagValues": {"TagKeys": ["b"]},
        "BlockAddress": {"Address": ids["address"]},
        **{
            name: {}
            for name, action in ALL_ACTIONS.items()
            if all(not field.is_required() for field in action.model_fields.values())
            and name.startswith(("Describe", "Get"))
            and name != "DescribeTaskResult"
        },
        "UnTagResources": {"ResourceList": [resource], "TagKeys": ["b"]},
        "ModifyResourceTags": {"Resource": resource, "ReplaceTags": [tag]},
        "OpenAddress": {"Address": ids["address"]},
        "AdjustPublicAddress": eip,
        "ReturnNormalAddresses": {"AddressIps": [ids["address"]]},
        "RenewAddresses": {"AddressIds": [ids["paid"]], "AddressChargePrepaid": {"Period": 1}},
        "ModifyAddressesRenewFlag": {
            "AddressIds": [ids["paid"]],
            "RenewFlag": "NOTIFY_AND_MANUAL_RENEW",
        },
        "AssociateAddress": eip | {"InstanceId": ids["other"]},
        "DisassociateAddress": eip,
        "RemoveBandwidthPackageResources": members,
        "ReleaseAddresses": {"AddressIds": [ids["eip"]]},
        "DeleteBandwidthPackage": package,
        "TransformAddress": {"InstanceId": ids["stopped"]},
        **group_requests(ids),
        **group_ends(ids),
        "TerminateInstances": instances,
    }


def test_every_action_answers_as_it_is_declared(world: World, ids: dict[str, Any]) -> None:
    asked = requests(ids)
    assert asked.keys() == ALL_ACTIONS.keys()
    for name, request in asked.items():
        answer = call(world, name, request)
        assert_fits(ALL_ACTIONS[name].declared.service, f"{name}Response", dict(answer))


def test_the_document_is_the_generated_one() -> None:
    assert document.markdown() == TEXT, "run python -m gateway.api.document > docs/api.md"


@pytest.mark.parametrize("action", ALL_ACTIONS)
def test_every_action_has_a_section_with_all_its_parameters(action: str) -> None:
    (section,) = [part for part in TEXT.split("\n### ") if part.startswith(f"{action}\n")]
    model: type[Request] = ALL_ACTIONS[action]
    for name in model.model_fields:
        assert section.count(f"\n| `{name}` | ") == 1
    assert "\nAnswer: " in section


@pytest.mark.parametrize("code", EVERYWHERE)
def test_every_common_code_is_listed(code: str) -> None:
    assert TEXT.count(f"| `{code}` | ") == 1

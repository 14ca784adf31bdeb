"""Security groups by the API: what they show, how they are found, and what changes them."""

from typing import Any

import pytest
from refusals.groups import HTTP, NAMED, group, grouped, policies, template
from support.api import call, refusal
from support.world import World

from gateway.control.compile import compile_table
from gateway.control.values import SECURITY_GROUP_ID as DEFAULT

SSH = HTTP | {"Port": "22", "CidrBlock": "198.51.100.0/24", "PolicyDescription": "office"}


def listed(world: World, **more: Any) -> list[str]:
    """The names of the groups that are found."""
    found = call(world, "DescribeSecurityGroups", more)["SecurityGroupSet"]
    return [str(one["SecurityGroupName"]) for one in found]


def shown(world: World, group_id: str, *filters: tuple[str, str]) -> dict[str, Any]:
    """The policies of a group, perhaps only some."""
    wanted = [{"Name": name, "Values": [value]} for name, value in filters]
    request = {"SecurityGroupId": group_id, "Filters": wanted}
    answer = call(world, "DescribeSecurityGroupPolicies", request)["SecurityGroupPolicySet"]
    return dict(answer)


def ports(world: World, group_id: str, *filters: tuple[str, str]) -> list[str]:
    """The ports of the policies that are found, those for what goes out last."""
    found = shown(world, group_id, *filters)
    return [str(one["Port"]) for one in (*found["Ingress"], *found["Egress"])]


def change(world: World, action: str, group_id: str, **more: Any) -> None:
    call(world, action, {"SecurityGroupId": group_id, **more})


def test_a_group_is_shown_as_the_cloud_does(world: World) -> None:
    (default,) = call(world, "DescribeSecurityGroups", {})["SecurityGroupSet"]
    assert default["SecurityGroupId"] == DEFAULT
    assert (default["IsDefault"], default["ProjectId"]) == (True, "0")
    assert default["CreatedTime"] == default["UpdateTime"] != "1970-01-01 00:00:00"
    assert call(world, "CreateDefaultSecurityGroup", {})["SecurityGroup"] == default
    request = NAMED | {"Tags": [{"Key": "owner", "Value": "me"}]}
    made = call(world, "CreateSecurityGroup", request)["SecurityGroup"]
    assert made["TagSet"] == [{"Key": "owner", "Value": "me"}]
    assert (made["SecurityGroupName"], made["SecurityGroupDesc"]) == ("web", "x")
    assert made["IsDefault"] is False


def test_groups_and_templates_are_found_by_their_tags(world: World) -> None:
    tags = [{"Key": "owner", "Value": "me"}]
    group_id = group(world, Tags=tags)
    request = {"AddressTemplateName": "x", "Addresses": ["192.0.2.1"], "Tags": tags}
    made = call(world, "CreateAddressTemplate", request)["AddressTemplate"]
    assert made["TagSet"] == tags
    found = call(world, "GetResources", {"TagFilters": [{"TagKey": "owner"}]})
    names = [str(one["Resource"]) for one in found["ResourceTagMappingList"]]
    ids = [group_id, made["AddressTemplateId"]]
    assert sorted(name.rpartition("/")[2] for name in names) == sorted(ids)
    assert listed(world, Filters=[{"Name": "tag-key", "Values": ["owner"]}]) == ["web"]


def test_groups_are_found_and_come_in_an_order(world: World) -> None:
    first, second = group(world, GroupName="a"), group(world, GroupName="b")
    assert listed(world) == ["default", "a", "b"]
    assert listed(world, SecurityGroupIds=[second, first]) == ["a", "b"]
    assert listed(world, Limit="1", Offset="1") == ["a"]
    names = [{"Name": "security-group-name", "Values": ["b"]}]
    assert listed(world, Filters=names) == ["b"]
    world.now += 1
    change(world, "ModifySecurityGroupAttribute", first, GroupName="c")
    assert listed(world, OrderField="UpdateTime") == ["default", "b", "c"]
    assert listed(world, OrderField="UpdateTime", OrderDirection="DESC") == ["c", "b", "default"]
    assert listed(world, OrderField="CreatedTime", OrderDirection="DESC") == ["b", "c", "default"]


def test_policies_are_shown_with_their_places_and_their_version(world: World) -> None:
    group_id = group(world)
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(HTTP, SSH))
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(SSH, way="Egress"))
    found = shown(world, group_id)
    assert found["Version"] == "3"
    http, ssh = found["Ingress"]
    assert (http["PolicyIndex"], ssh["PolicyIndex"]) == (0, 1)
    assert (http["Protocol"], http["Port"], http["Action"]) == ("TCP", "80", "ACCEPT")
    assert (ssh["CidrBlock"], ssh["PolicyDescription"]) == ("198.51.100.0/24", "office")
    assert found["PolicyStatistics"] == {
        "IngressIPv4TotalCount": 2,
        "IngressIPv6TotalCount": 0,
        "EgressIPv4TotalCount": 1,
        "EgressIPv6TotalCount": 0,
    }


def test_policies_are_found_by_what_they_say(world: World) -> None:
    group_id = group(world)
    ping = {"Protocol": "ICMP", "SecurityGroupId": DEFAULT, "Action": "drop"}
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(HTTP, SSH, ping))
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(SSH, way="Egress"))
    for name, value, wanted in (
        ("port", "2", ["22", "22"]),
        ("port", "all", ["80", "22", "ALL", "22"]),
        ("ip", "198.51", ["22", "22"]),
        ("protocol-type", "icmp", ["ALL"]),
        ("security-group-id", DEFAULT, ["ALL"]),
        ("poly", "DROP", ["ALL"]),
        ("poly", "ALL", ["80", "22", "ALL", "22"]),
        ("direction", "OUTBOUND", ["22"]),
        ("direction", "all", ["80", "22", "ALL", "22"]),
        ("description", "off", ["22", "22"]),
        ("address-module", "ipm-00000000", []),
        ("service-module", "ppm-00000000", []),
    ):
        assert ports(world, group_id, (name, value)) == wanted, (name, value)


def test_policies_are_replaced_moved_and_removed(world: World) -> None:
    group_id = group(world)
    dns = HTTP | {"Protocol": "udp", "Port": "53"}
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(HTTP, SSH))
    at_0 = {"PolicyIndex": 0}
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(dns | at_0))
    assert ports(world, group_id) == ["53", "80", "22"]
    change(world, "ReplaceSecurityGroupPolicy", group_id, **policies(dns | at_0 | {"Port": "67"}))
    assert ports(world, group_id) == ["67", "80", "22"]
    both = [HTTP | {"Port": "81", "PolicyIndex": 1}, SSH | {"Port": "23", "PolicyIndex": 2}]
    change(world, "ReplaceSecurityGroupPolicies", group_id, **policies(*both))
    assert ports(world, group_id) == ["67", "81", "23"]

    def move(kind: str, *pairs: tuple[int, dict[str, Any]]) -> None:
        before = [{"PolicyIndex": index} for index, _ in pairs]
        after = [to for _, to in pairs]
        original = {"OriginalSecurityGroupPolicySet": {"Ingress": before}}
        more = policies(*after) | original | {"UpdateType": kind}
        change(world, "ReplaceSecurityGroupPolicies", group_id, **more)

    move("Priority", (2, at_0))
    assert ports(world, group_id) == ["23", "67", "81"]
    move("Both", (0, HTTP | {"Port": "24", "PolicyIndex": 2}))
    assert ports(world, group_id) == ["67", "81", "24"]
    change(world, "DeleteSecurityGroupPolicies", group_id, **policies({"PolicyIndex": 1}))
    change(world, "DeleteSecurityGroupPolicies", group_id, **policies(HTTP | {"Port": "24"}))
    assert ports(world, group_id) == ["67"]
    change(world, "ModifySecurityGroupPolicies", group_id, **policies(HTTP, SSH))
    assert ports(world, group_id) == ["80", "22"]
    change(world, "ModifySecurityGroupPolicies", group_id, **policies(HTTP, version="0"))
    assert ports(world, group_id) == []


@pytest.mark.parametrize(
    ("action", "more", "code"),
    [
        ("CreateSecurityGroupPolicies", policies(HTTP | {"Protocol": "ICMPv6"}), "Unsupported"),
        ("CreateSecurityGroupPolicies", policies(HTTP | {"Ipv6CidrBlock": "::/0"}), "Unsupported"),
        ("CreateSecurityGroupPolicies", policies(HTTP | {"CidrBlock": "MY_PUBLIC_IP"}), "Unsup"),
        ("CreateSecurityGroupPolicies", policies(HTTP | {"Protocol": "SCTP"}), "InvalidParameterV"),
        ("CreateSecurityGroupPolicies", policies(HTTP | {"Protocol": ""}), "InvalidParameterV"),
        ("CreateSecurityGroupPolicies", policies(HTTP | {"Action": "PASS"}), "InvalidParameterV"),
        ("CreateSecurityGroupPolicies", policies(HTTP, version="x"), "InvalidParameterValue"),
        ("CreateSecurityGroupPolicies", policies(), "InvalidParameterValue.Empty"),
        (
            "CreateSecurityGroupPolicies",
            policies(HTTP | {"ServiceTemplate": {"ServiceId": "ppm-00000000"}}),
            "InvalidParameter.Coexist",
        ),
        (
            "CreateSecurityGroupPolicies",
            policies(HTTP | {"AddressTemplate": {"AddressId": "a", "AddressGroupId": "b"}}),
            "InvalidParameter.Coexist",
        ),
        (
            "CreateSecurityGroupPolicies",
            policies(HTTP | {"PolicyIndex": 0}, SSH | {"PolicyIndex": 1}),
            "InvalidParameterValue",
        ),
        (
            "CreateSecurityGroupPolicies",
            {"SecurityGroupPolicySet": {"Ingress": [HTTP], "Egress": [HTTP]}},
            "InvalidParameter.Coexist",
        ),
        ("ReplaceSecurityGroupPolicy", policies(HTTP), "InvalidParameterValue.Empty"),
        (
            "ReplaceSecurityGroupPolicy",
            policies(HTTP | {"PolicyIndex": 0}, SSH | {"PolicyIndex": 1}),
            "InvalidParameterValue",
        ),
        (
            "ReplaceSecurityGroupPolicies",
            policies({"PolicyIndex": 0}) | {"UpdateType": "Priority"},
            "InvalidParameterValue",
        ),
        (
            "ReplaceSecurityGroupPolicies",
            policies({"PolicyIndex": 0})
            | {
                "UpdateType": "Priority",
                "OriginalSecurityGroupPolicySet": {"Egress": [{"PolicyIndex": 1}]},
            },
            "InvalidParameterValue",
        ),
    ],
    ids=str,
)
def test_what_is_no_policy_is_refused_in_one_line(
    world: World, action: str, more: dict[str, Any], code: str
) -> None:
    refused = refusal(world, action, {"SecurityGroupId": group(world), **more})
    assert refused.code.startswith(code)
    assert "\n" not in refused.message


def test_the_operator_sees_which_policies_are_never_met(world: World) -> None:
    group_id = group(world)
    both = policies(HTTP, HTTP | {"Action": "drop"})
    change(world, "CreateSecurityGroupPolicies", group_id, **both)
    request = {"SecurityGroupId": group_id}
    assert call(world, "DescribeHiddenPolicies", request)["HiddenPolicySet"] == [
        {"Direction": "Ingress", "PolicyIndex": 1, "HiddenBy": 0}
    ]


def test_an_instance_joins_and_leaves_groups_and_is_found_by_them(world: World) -> None:
    instance_id, group_id = world.run(), group(world)

    def groups() -> list[str]:
        (found,) = call(world, "DescribeInstances", {"InstanceIds": [instance_id]})["InstanceSet"]
        return list(found["SecurityGroupIds"])

    bound = {"InstanceIds": [instance_id], "SecurityGroupIds": [group_id]}
    call(world, "AssociateSecurityGroups", bound)
    assert groups() == [DEFAULT, group_id]
    call(world, "DisassociateSecurityGroups", bound | {"SecurityGroupIds": [DEFAULT]})
    assert groups() == [group_id]
    change = {"InstanceIds": [instance_id], "SecurityGroups": [DEFAULT, group_id, DEFAULT]}
    call(world, "ModifyInstancesAttribute", change)
    assert groups() == [DEFAULT, group_id]
    assert refusal(world, "DeleteSecurityGroup", {"SecurityGroupId": group_id}).code == (
        "ResourceInUse"
    )


def test_who_is_in_a_group_and_who_names_it(world: World) -> None:
    group_id, naming = group(world), group(world)
    call(world, "RunInstances", {"SecurityGroupIds": [group_id]})
    named = HTTP | {"CidrBlock": "", "SecurityGroupId": group_id}
    change(world, "CreateSecurityGroupPolicies", naming, **policies(named))
    request = {"SecurityGroupIds": [group_id, naming]}
    answer = call(world, "DescribeSecurityGroupAssociationStatistics", request)
    first, second = answer["SecurityGroupAssociationStatisticsSet"]
    assert (first["CVM"], first["SG"], first["TotalCount"]) == (1, 1, 1)
    assert (second["CVM"], second["SG"]) == (0, 0)
    answer = call(world, "DescribeSecurityGroupReferences", request)
    assert answer["ReferredSecurityGroupSet"] == [
        {"SecurityGroupId": group_id, "ReferredSecurityGroupIds": [naming]}
    ]
    limits = call(world, "DescribeSecurityGroupLimits", {})["SecurityGroupLimitSet"]
    assert (limits["SecurityGroupLimit"], limits["SecurityGroupPolicyLimit"]) == (50, 100)


def test_a_clone_has_the_policies(world: World) -> None:
    group_id = group(world, Tags=[{"Key": "a", "Value": "1"}])
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(HTTP))
    request = {"SecurityGroupId": group_id, "GroupName": "copy", "IsCloneTags": True}
    cloned = call(world, "CloneSecurityGroup", request)["SecurityGroup"]
    assert (cloned["SecurityGroupName"], cloned["SecurityGroupDesc"]) == ("copy", "x")
    assert cloned["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert ports(world, cloned["SecurityGroupId"]) == ["80"]


def test_templates_are_shown_found_and_changed(world: World) -> None:
    ipm = template(world, "192.0.2.0/31")
    found = call(world, "DescribeAddressTemplates", {})["AddressTemplateSet"][0]
    assert (found["AddressTemplateId"], found["AddressSet"]) == (ipm, ["192.0.2.0/31"])
    extra = [{"Address": "192.0.2.9", "Description": "gate"}]
    request = {"AddressTemplateId": ipm, "AddressesExtra": extra}
    call(world, "ModifyAddressTemplateAttribute", request)
    wanted = {"Filters": [{"Name": "address-ip", "Values": ["2.9"]}]}
    found = call(world, "DescribeAddressTemplates", wanted)["AddressTemplateSet"][0]
    assert found["AddressExtraSet"][0]["Description"] == "gate"
    call(
        world,
        "ModifyAddressTemplateAttribute",
        {"AddressTemplateId": ipm, "Addresses": ["10.0.0.9"]},
    )
    made = grouped(world, "Address")
    answer = call(world, "DescribeAddressTemplateGroups", {})["AddressTemplateGroupSet"]
    (item,) = answer[0]["AddressTemplateSet"]
    assert (item["From"], item["To"]) == ("192.0.2.1", "192.0.2.1")
    request = {"AddressTemplateGroupId": made["group"], "AddressTemplateIds": [ipm]}
    call(world, "ModifyAddressTemplateGroupAttribute", request)
    answer = call(world, "DescribeAddressTemplateGroups", {})["AddressTemplateGroupSet"]
    assert answer[0]["AddressTemplateIdSet"] == [ipm]
    made = grouped(world, "Service")
    answer = call(world, "DescribeServiceTemplateGroups", {})["ServiceTemplateGroupSet"]
    (inside,) = answer[0]["ServiceTemplateSet"]
    assert (inside["ServiceTemplateId"], inside["ServiceSet"]) == (made["template"], ["tcp:80"])


def test_a_policy_with_templates_shows_their_ids(world: World) -> None:
    group_id, addresses, services = group(world), template(world), grouped(world, "Service")
    one = {
        "Action": "ACCEPT",
        "AddressTemplate": {"AddressId": addresses},
        "ServiceTemplate": {"ServiceGroupId": services["group"]},
    }
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(one))
    (found,) = shown(world, group_id)["Ingress"]
    assert found["AddressTemplate"] == {"AddressId": addresses, "AddressGroupId": ""}
    assert found["ServiceTemplate"] == {"ServiceId": "", "ServiceGroupId": services["group"]}
    assert (found["Protocol"], found["Port"]) == ("", "")


def test_a_change_is_in_the_table_when_it_is_answered(world: World) -> None:
    group_id = group(world)
    call(world, "RunInstances", {"SecurityGroupIds": [group_id]})
    change(world, "CreateSecurityGroupPolicies", group_id, **policies(HTTP))
    with world.control.state() as state:
        assert world.tables.in_force == compile_table(state)
        assert len(world.tables.in_force.members) == 1

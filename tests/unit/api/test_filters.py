"""Filters and paging: which things an answer has."""

from collections.abc import Callable
from typing import Any

import pytest
from support.api import call, refusal
from support.story import HOURLY
from support.world import World

from gateway.api.registry import ACTIONS
from gateway.api.vpc import addresses
from gateway.api.vpc.address_view import address_view
from gateway.control import commands as cmd
from gateway.control.state import State
from gateway.control.values import (
    AddressStatus,
    Behaviour,
    ChargeType,
    Eip,
    NetworkType,
    PackageChargeType,
    Tag,
)

NET, OPS = (Tag("owner", "net"),), (Tag("owner", "ops"), Tag("stage", "test"))
SETS = {
    "DescribeImages": ("ImageSet", "ImageName"),
    "DescribeInstances": ("InstanceSet", "InstanceName"),
    "DescribeAddresses": ("AddressSet", "AddressName"),
    "DescribeBandwidthPackages": ("BandwidthPackageSet", "BandwidthPackageName"),
    "DescribeBandwidthPackageResources": ("ResourceSet", "ResourceId"),
    "DescribeVpcs": ("VpcSet", "VpcName"),
    "DescribeSubnets": ("SubnetSet", "SubnetName"),
}


@pytest.fixture
def populated(world: World) -> World:
    """Three instances, three EIPs, two packages: what each row is about."""
    execute = world.execute
    execute(cmd.RunInstance("web", 10, HOURLY, tags=NET))
    world.now += 60
    execute(cmd.RunInstance("db", 0, HOURLY, tags=OPS))
    execute(cmd.RunInstance("cache", 5, HOURLY))
    for name, tags in (("front", NET), ("back", OPS), ("spare", ())):
        execute(cmd.AllocateEip(name, 5, HOURLY, tags=tags))
    top5 = PackageChargeType.TOP5_POSTPAID_BY_MONTH
    daily = PackageChargeType.BANDWIDTH_POSTPAID_BY_DAY
    execute(cmd.CreatePackages("shared", 50, top5, NetworkType.BGP, tags=NET))
    execute(cmd.CreatePackages("other", -1, daily, NetworkType.ANYCAST))
    execute(cmd.JoinPackage(id_of(world, "shared"), (id_of(world, "front"),)))
    execute(cmd.BindEip(id_of(world, "back"), id_of(world, "db")))
    execute(cmd.StopInstance(id_of(world, "cache")))
    return world


def id_of(world: World, name: str) -> str:
    """The id of the thing that is called so."""
    with world.control.state() as state:
        things: dict[str, Any] = {**state.instances, **state.eips, **state.packages}
        (found,) = [key for key, thing in things.items() if thing.name == name]
    return found


def described(world: World, action: str, *filters: tuple[str, list[str]], **more: Any) -> list[str]:
    """The names of what the action answers with."""
    listed = [{"Name": name, "Values": values} for name, values in filters]
    answer = call(world, action, {"Filters": listed} | more)
    field, name = SETS[action]
    assert answer["TotalCount"] == len(answer[field])
    return [shown[name] for shown in answer[field]]


def ip_of(world: World, name: str) -> str:
    """The public address of an instance or an EIP."""
    key = id_of(world, name)
    with world.control.state() as state:
        found = state.eips[key].address if key in state.eips else None
        found = found or state.public_ip(state.instances[key])
    assert found
    return found


Value = Callable[[World], str]
INSTANCES: list[tuple[str, str | Value, list[str]]] = [
    ("zone", "ap-guangzhou-3", ["web", "db", "cache"]),
    ("zone", "ap-guangzhou-4", []),
    ("project-id", "0", ["web", "db", "cache"]),
    ("host-id", "host-12345678", []),
    ("dedicated-cluster-id", "cluster-1", []),
    ("vpc-id", "vpc-tgw00001", ["web", "db", "cache"]),
    ("vpc-id", "vpc-00000000", []),
    ("subnet-id", "subnet-tgw00001", ["web", "db", "cache"]),
    ("instance-id", lambda world: id_of(world, "db"), ["db"]),
    ("uuid", lambda world: world.instance(id_of(world, "db")).uuid, ["db"]),
    ("security-group-id", "sg-12345678", []),
    ("instance-name", "web", ["web"]),
    ("instance-charge-type", "POSTPAID_BY_HOUR", ["web", "db", "cache"]),
    ("instance-state", "STOPPED", ["cache"]),
    ("private-ip-address", "10.0.0.2", ["web"]),
    ("public-ip-address", lambda world: ip_of(world, "web"), ["web"]),
    ("public-ip-address", lambda world: ip_of(world, "back"), ["db"]),
    ("ipv6-address", "2001:db8::1", []),
    ("tag-key", "owner", ["web", "db"]),
    ("tag-value", "ops", ["db"]),
    ("tag:owner", "net", ["web"]),
    ("tag:stage", "net", []),
    ("creation-start-time", "1970-01-12 13:47:00", ["db", "cache"]),
    ("creation-end-time", "1970-01-12 13:47:00", ["web"]),
]
ADDRESSES: list[tuple[str, str | Value, list[str]]] = [
    ("address-id", lambda world: id_of(world, "back"), ["back"]),
    ("address-name", "spare", ["spare"]),
    ("address-ip", lambda world: ip_of(world, "front"), ["front"]),
    ("address-status", "UNBIND", ["front", "spare"]),
    ("address-status", "BIND", ["back"]),
    ("instance-id", lambda world: id_of(world, "db"), ["back"]),
    ("private-ip-address", "10.0.0.3", ["back"]),
    ("network-interface-id", "eni-12345678", []),
    ("is-arrears", "FALSE", ["front", "back", "spare"]),
    ("is-arrears", "TRUE", []),
    ("instance-type", "CVM", ["back"]),
    ("address-type", "EIP", ["front", "back", "spare"]),
    ("address-type", "AnycastEIP", []),
    ("address-type", "WanIP", ["", ""]),
    ("address-isp", "BGP", ["front", "back", "spare"]),
    ("address-isp", "CMCC", []),
    ("dedicated-cluster-id", "cluster-1", []),
    ("tag-key", "stage", ["back"]),
    ("tag-value", "net", ["front"]),
    ("tag:owner", "ops", ["back"]),
]
PACKAGES: list[tuple[str, str | Value, list[str]]] = [
    ("bandwidth-package-id", lambda world: id_of(world, "other"), ["other"]),
    ("bandwidth-package-name", "shared", ["shared"]),
    ("network-type", "ANYCAST", ["other"]),
    ("charge-type", "TOP5_POSTPAID_BY_MONTH", ["shared"]),
    ("resource.resource-type", "Address", ["shared"]),
    ("resource.resource-type", "LoadBalance", []),
    ("resource.resource-id", lambda world: id_of(world, "front"), ["shared"]),
    ("resource.address-ip", lambda world: ip_of(world, "front"), ["shared"]),
    ("tag-key", "owner", ["shared"]),
    ("tag-value", "ops", []),
    ("tag:owner", "net", ["shared"]),
]
NO_TAGS: list[tuple[str, str | Value, list[str]]] = [
    ("tag-key", "owner", []),
    ("tag-value", "owner", []),
    ("tag:owner", "net", []),
]
VPCS: list[tuple[str, str | Value, list[str]]] = [
    ("vpc-name", "Default", ["Default-VPC"]),
    ("vpc-name", "other", []),
    ("is-default", "true", ["Default-VPC"]),
    ("vpc-id", "vpc-tgw00001", ["Default-VPC"]),
    ("cidr-block", "10.0.0.0/24", ["Default-VPC"]),
    ("cidr-block", "10.0.0.0", ["Default-VPC"]),
    ("cidr-block", "10.1.0.0", []),
    ("ipv6-cidr-block", "2001:db8::/56", []),
    ("isp-type", "BGP", []),
    ("address-type", "GUA", []),
    *NO_TAGS,
]
SUBNETS: list[tuple[str, str | Value, list[str]]] = [
    ("subnet-id", "subnet-tgw00001", ["Default-Subnet"]),
    ("vpc-id", "vpc-00000000", []),
    ("cidr-block", "10.0.0.0", ["Default-Subnet"]),
    ("is-default", "false", []),
    ("is-remote-vpc-snat", "false", ["Default-Subnet"]),
    ("subnet-name", "Default-Subnet", ["Default-Subnet"]),
    ("zone", "ap-guangzhou-3", ["Default-Subnet"]),
    ("cdc-id", "cluster-1", []),
    ("is-cdc-subnet", "0", ["Default-Subnet"]),
    ("ipv6-cidr-block", "2001:db8::/64", []),
    ("isp-type", "BGP", []),
    ("address-type", "GUA", []),
    *NO_TAGS,
]
IMAGES: list[tuple[str, str | Value, list[str]]] = [
    ("image-id", "img-tgw00001", ["tgw"]),
    ("image-type", "PUBLIC_IMAGE", ["tgw"]),
    ("image-name", "gw", ["tgw"]),
    ("platform", "Linux", ["tgw"]),
    ("dedicated-cluster-id", "cluster-1", []),
    ("cdc-cache-status", "CACHED", []),
    *NO_TAGS,
]
OF_ACTIONS = {
    "DescribeImages": IMAGES,
    "DescribeInstances": INSTANCES,
    "DescribeAddresses": ADDRESSES,
    "DescribeBandwidthPackages": PACKAGES,
    "DescribeVpcs": VPCS,
    "DescribeSubnets": SUBNETS,
}
ROWS = [(action, *row) for action, rows in OF_ACTIONS.items() for row in rows]


@pytest.mark.parametrize(("action", "name", "value", "found"), ROWS)
def test_a_filter_finds_what_has_its_value(
    populated: World, action: str, name: str, value: str | Value, found: list[str]
) -> None:
    text = value if isinstance(value, str) else value(populated)
    assert described(populated, action, (name, [text])) == found


@pytest.mark.parametrize("action", OF_ACTIONS)
def test_the_rows_have_every_filter(action: str) -> None:
    rows = {"tag:<key>" if name[:4] == "tag:" else name for name, _, _ in OF_ACTIONS[action]}
    filters = ACTIONS[action].declared.filters
    assert filters
    assert rows == set(filters.names())


def test_members_are_found_by_id_and_type(populated: World) -> None:
    package_id, eip_id = id_of(populated, "shared"), id_of(populated, "front")
    action = "DescribeBandwidthPackageResources"

    def found(*filters: tuple[str, list[str]]) -> list[str]:
        return described(populated, action, *filters, BandwidthPackageId=package_id)

    assert found(("resource-id", [eip_id]), ("resource-type", ["Address"])) == [eip_id]
    assert found(("resource-id", ["eip-00000000"])) == []
    assert found(("resource-type", ["LoadBalance"])) == []
    for wrong in ("tag-key", "resource.resource-id"):
        refused = refusal(
            populated, action,
            {"BandwidthPackageId": package_id, "Filters": [{"Name": wrong, "Values": ["x"]}]},
        )  # fmt: skip
        assert refused.code == "InvalidParameter.InvalidFilter"


def test_values_are_alternatives_and_filters_add_up(populated: World) -> None:
    both = ("instance-name", ["web", "cache", "nobody"])
    assert described(populated, "DescribeInstances", both) == ["web", "cache"]
    stopped = ("instance-state", ["STOPPED"])
    assert described(populated, "DescribeInstances", both, stopped) == ["cache"]
    assert described(populated, "DescribeInstances", both, ("tag-key", [])) == []


@pytest.mark.parametrize(("name", "text"), [("address-name", "front"), ("private-ip-address", "")])
def test_of_some_filters_the_first_value_counts_alone(
    populated: World, name: str, text: str
) -> None:
    values = ["10.0.0.3", "10.0.0.2"] if name.startswith("private") else ["front", "spare"]
    assert len(described(populated, "DescribeAddresses", (name, values))) == 1


def test_ordinary_ips_are_shown_only_to_who_asks_for_them(populated: World) -> None:
    shown = described(populated, "DescribeAddresses")
    assert shown == ["front", "back", "spare"]
    asked = ("address-type", ["WanIP", "EIP"])
    assert described(populated, "DescribeAddresses", asked) == [*shown, "", ""]
    web = id_of(populated, "web")
    ordinary = populated.instance(web).ordinary
    assert ordinary
    request: dict[str, Any] = {"AddressIds": [ordinary.address_id]}
    assert call(populated, "DescribeAddresses", request)["TotalCount"] == 0
    request["Filters"] = [{"Name": "address-type", "Values": ["WanIP"]}]
    (address,) = call(populated, "DescribeAddresses", request)["AddressSet"]
    assert (address["AddressIp"], address["InstanceId"]) == (ordinary.address, web)


def test_a_member_that_is_an_ordinary_ip_is_paid_for_as_one(populated: World) -> None:
    web = id_of(populated, "web")
    ordinary = populated.instance(web).ordinary
    assert ordinary
    populated.execute(cmd.ConfigureAccount(Behaviour.STANDARD))
    join = cmd.JoinPackage(id_of(populated, "other"), (ordinary.address_id,))
    populated.execute(join)
    request = {"Filters": [{"Name": "address-type", "Values": ["WanIP"]}]}
    shown = call(populated, "DescribeAddresses", request)["AddressSet"]
    (address,) = [one for one in shown if one["InstanceId"] == web]
    assert address["BandwidthPackageId"] == id_of(populated, "other")
    assert address["InternetChargeType"] == ChargeType.BANDWIDTH_PACKAGE.value


CODES = [
    ("DescribeInstances", ("colour", ["red"]), "InvalidFilter"),
    ("DescribeInstances", ("tag:", ["red"]), "InvalidFilter"),
    ("DescribeInstances", ("zone", ["x"] * 6), "InvalidFilterValue.LimitExceeded"),
    ("DescribeInstances", ("instance-id", ["x"]), "InvalidParameterValue.InstanceIdMalformed"),
    ("DescribeInstances", ("vpc-id", ["x"]), "InvalidParameterValue.VpcIdMalformed"),
    ("DescribeInstances", ("subnet-id", ["x"]), "InvalidParameterValue.SubnetIdMalformed"),
    ("DescribeInstances", ("security-group-id", ["x"]), "InvalidSgId.Malformed"),
    (
        "DescribeInstances",
        ("private-ip-address", ["x"]),
        "InvalidParameterValue.IPAddressMalformed",
    ),
    ("DescribeInstances", ("creation-start-time", ["today"]), "InvalidParameterValue"),
    ("DescribeAddresses", ("colour", ["red"]), "InvalidParameter.InvalidFilter"),
    ("DescribeAddresses", ("address-ip", ["x"] * 101), "InvalidParameterValue.LimitExceeded"),
    ("DescribeAddresses", ("address-id", ["x"]), "InvalidParameterValue.AddressIdMalformed"),
    (
        "DescribeAddresses",
        ("network-interface-id", ["x"]),
        "InvalidParameterValue.NetworkInterfaceIdMalformed",
    ),
    ("DescribeBandwidthPackages", ("colour", ["red"]), "InvalidParameter.InvalidFilter"),
    ("DescribeVpcs", ("colour", ["red"]), "InvalidParameter.FilterInvalidKey"),
    ("DescribeSubnets", ("colour", ["red"]), "InvalidParameter.FilterInvalidKey"),
]


@pytest.mark.parametrize(("action", "wrong", "code"), CODES, ids=str)
def test_a_wrong_filter_has_the_clouds_code(
    world: World, action: str, wrong: tuple[str, list[str]], code: str
) -> None:
    name, values = wrong
    request = {"Filters": [{"Name": name, "Values": values}]}
    assert refusal(world, action, request).code == code


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("DescribeInstances", "InvalidFilterValue.LimitExceeded"),
        ("DescribeAddresses", "LimitExceeded.NumberOfFilters"),
        ("DescribeBandwidthPackages", "InvalidParameter.InvalidFilter"),
        ("DescribeVpcs", "InvalidParameterValue.LimitExceeded"),
    ],
)
def test_more_than_ten_filters_are_refused(world: World, action: str, code: str) -> None:
    request = {"Filters": [{"Name": "tag-key", "Values": ["x"]}] * 11}
    assert refusal(world, action, request).code == code


@pytest.mark.parametrize(
    ("action", "ids", "code"),
    [
        ("DescribeInstances", {"InstanceIds": ["ins-00000000"]}, "InvalidParameter"),
        (
            "DescribeBandwidthPackages",
            {"BandwidthPackageIds": ["bwp-00000000"]},
            "InvalidParameter",
        ),
        ("DescribeVpcs", {"VpcIds": ["vpc-tgw00001"]}, "InvalidParameter.Coexist"),
        ("DescribeSubnets", {"SubnetIds": ["subnet-tgw00001"]}, "InvalidParameter.Coexist"),
    ],
)
def test_ids_and_filters_are_not_given_together(
    world: World, action: str, ids: dict[str, Any], code: str
) -> None:
    request = ids | {"Filters": [{"Name": "tag-key", "Values": ["x"]}]}
    assert refusal(world, action, request).code == code


def test_ids_of_addresses_go_with_every_filter_but_their_own(populated: World) -> None:
    ids = [id_of(populated, "front"), id_of(populated, "back")]
    bound = ("address-status", ["BIND"])
    assert described(populated, "DescribeAddresses", bound, AddressIds=ids) == ["back"]
    own = {"AddressIds": ids, "Filters": [{"Name": "address-id", "Values": ids}]}
    assert refusal(populated, "DescribeAddresses", own).code == "InvalidParameter"


def test_an_answer_has_twenty_things_unless_more_are_asked_for(world: World) -> None:
    world.execute(cmd.RunInstance("web", 0, HOURLY, count=100))
    world.execute(cmd.RunInstance("web", 0, HOURLY, count=5))

    def shown(**page: int) -> int:
        answer = call(world, "DescribeInstances", page)
        assert answer["TotalCount"] == 105
        return len(answer["InstanceSet"])

    assert (shown(), shown(Limit=100), shown(Limit=100, Offset=100)) == (20, 100, 5)
    assert shown(Offset=105) == 0
    for wrong in ({"Limit": 101}, {"Limit": 0}, {"Offset": -1}):
        code = refusal(world, "DescribeInstances", dict(wrong)).code
        assert code.startswith("InvalidParameterValue")


def test_of_many_addresses_only_those_on_the_page_are_rendered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.execute(cmd.ConfigureAccount(eips_max=100, applications_max=100))
    world.execute(cmd.AllocateEip("x", 5, HOURLY, count=14))
    rendered: list[str] = []
    render = address_view

    def counted(state: State, eip: Eip, *passing: AddressStatus) -> dict[str, Any]:
        rendered.append(eip.eip_id)
        return render(state, eip, *passing)

    monkeypatch.setattr(addresses, "address_view", counted)
    request = {"Limit": 3, "Offset": 5, "Filters": [{"Name": "address-isp", "Values": ["BGP"]}]}
    answer = call(world, "DescribeAddresses", request)
    assert answer["TotalCount"] == 14
    assert [one["AddressId"] for one in answer["AddressSet"]] == rendered
    assert len(rendered) == 3


def test_the_private_networks_are_paged_by_numbers_or_text(world: World) -> None:
    for action in ("DescribeVpcs", "DescribeSubnets"):
        for page, count in (({"Offset": "0", "Limit": "1"}, 1), ({"Offset": 1, "Limit": 20}, 0)):
            answer = call(world, action, page)
            assert answer["TotalCount"] == 1
            assert len(answer[SETS[action][0]]) == count
        assert refusal(world, action, {"Limit": "ten"}).code == "InvalidParameter"

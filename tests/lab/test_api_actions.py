"""Every action by the cloud's own clients, whose models parse each answer to the last field.

A field that the SDK doesn't know is a warning of its own, and so an error here.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from support.clients import BUSY
from support.labs import Lab, eventually
from support.tccli import Tccli, tccli
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from gateway.api.registry import ACTIONS

# The SDK's, about functions of the standard library.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

REGION = "ap-guangzhou"
WAYS = [("TC3-HMAC-SHA256", "GET"), ("HmacSHA256", "POST"), ("HmacSHA1", "GET")]
HTTP = {"Protocol": "TCP", "Port": "80", "CidrBlock": "0.0.0.0/0", "Action": "ACCEPT"}
BESIDE = (("", ""), ("", "g"), ("unused_", ""))
KINDS = (("Address", "ipm"), ("Service", "ppm"))
SOME: dict[str, dict[str, Any]] = {
    "Address": {"Addresses": ["192.0.2.1"]},
    "Service": {"Services": ["tcp:80"]},
}
MBPS = {"InternetMaxBandwidthOut": 6}


@dataclass(frozen=True)
class Cloud:
    """The lab as the cloud's clients see it."""

    endpoint: str
    secret_id: str
    secret_key: str

    def ask(self, action: str, request: dict[str, Any], *way: str) -> dict[str, Any]:
        """The answer as the SDK's own model has it."""
        declared = ACTIONS[action].declared.service
        service = declared.name
        package = f"tencentcloud.{service}.v{declared.version.replace('-', '')}"
        models = import_module(f"{package}.models")
        client = getattr(import_module(f"{package}.{service}_client"), f"{service.title()}Client")
        sign, method = way or ("TC3-HMAC-SHA256", "POST")
        http = HttpProfile(endpoint=self.endpoint, reqMethod=method)
        profile = ClientProfile(signMethod=sign, httpProfile=http)
        asked = getattr(models, f"{action}Request")()
        asked.from_json_string(json.dumps(request))
        made = client(Credential(self.secret_id, self.secret_key), REGION, profile)
        answer = json.loads(getattr(made, action)(asked).to_json_string())
        assert answer.pop("RequestId")
        return dict(answer)

    def carries_out(self, action: str, request: dict[str, Any]) -> bool:
        """Ask for the action; false while a task is under way on what it is about."""
        try:
            self.ask(action, request)
        except TencentCloudSDKException as error:
            if error.code not in BUSY:
                raise
            return False
        return True


def carries_out(client: Tccli, *words: str) -> bool:
    """As `Cloud.carries_out`, by tccli."""
    done = client.run(*words)
    if any(code in done.stderr for code in BUSY):
        return False
    assert done.returncode == 0, done
    return bool(json.loads(done.stdout)["RequestId"])


@pytest.fixture
def cloud(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """With a pair of its own, so that no other test's calls count."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = lab.ask("credentials", "--new")["Credentials"][-1]
    words = shlex.split(lab.run("credentials").stdout)
    endpoint = next(word for word in words if word.startswith("TGW_API=")).partition("=")[2]
    lab.control.call("ConfigureAccount", Behaviour="STANDARD", ApplicationsMax=1000, EipsMax=100)
    return Cloud(endpoint, made["SecretId"], made["SecretKey"])


def settle(lab: Lab) -> None:
    """Nothing is under way."""

    def settled() -> bool:
        instances = lab.control.call("DescribeInstances", Limit=100)["InstanceSet"]
        eips = lab.control.call("DescribeAddresses", Limit=100)["AddressSet"]
        return {one["InstanceState"] for one in instances} <= {"RUNNING", "STOPPED"} and {
            one["AddressStatus"] for one in eips
        } <= {"BIND", "UNBIND"}

    eventually(settled, within_s=30)


def made(lab: Lab) -> dict[str, Any]:
    """What the requests are about."""
    with_ip = {"InternetAccessible": MBPS, "InstanceCount": 3}
    instances = lab.control.call("RunInstances", **with_ip)["InstanceIdSet"]
    allocated = lab.control.call("AllocateAddresses")
    prepaid = {"InternetChargeType": "BANDWIDTH_PREPAID_BY_MONTH"}
    paid = lab.control.call("AllocateAddresses", **prepaid, AddressChargePrepaid={"Period": 1})
    package_id = lab.control.call("CreateBandwidthPackage")["BandwidthPackageId"]
    settle(lab)
    shown = lab.control.call("DescribeInstances", InstanceIds=instances)["InstanceSet"]
    address = next(
        one["PublicIpAddresses"][0] for one in shown if one["InstanceId"] == instances[1]
    )
    names = ("first", "second", "third")
    return dict(zip(names, instances, strict=True)) | {
        "eip": allocated["AddressSet"][0],
        "task": int(allocated["TaskId"]),
        "package": package_id,
        "paid": paid["AddressSet"][0],
        "address": address,
        **made_groups(lab),
    }


def made_groups(lab: Lab) -> dict[str, Any]:
    """A security group with a policy, and a template of each kind."""
    web = lab.control.call("CreateSecurityGroup", GroupName="web", GroupDescription="x")
    group_id = web["SecurityGroup"]["SecurityGroupId"]
    lab.control.call("CreateSecurityGroupPolicies", SecurityGroupId=group_id, **policies(HTTP))
    things = {"sg": group_id}
    for kind, key in KINDS:
        template, group = f"{kind}Template", f"{kind}TemplateGroup"
        for name in (key, f"unused_{key}"):
            made = lab.control.call(f"Create{template}", **{f"{template}Name": "x"}, **SOME[kind])
            things[name] = made[template][f"{template}Id"]
        wanted = {f"{group}Name": "x", f"{template}Ids": [things[key]]}
        things[f"{key}g"] = lab.control.call(f"Create{group}", **wanted)[group][f"{group}Id"]
    return things


def policies(*some: dict[str, Any]) -> dict[str, Any]:
    """Policies for what comes in."""
    return {"SecurityGroupPolicySet": {"Ingress": list(some)}}


def reads(things: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action that changes nothing."""
    tags = [{"Name": "tag-key", "Values": ["owner"]}]
    ids = {"InstanceIds": [things["first"]]}
    yield "DescribeInstances", {"Filters": tags, "Limit": 20, "Offset": 0}
    yield "DescribeInstances", ids
    yield "DescribeInstancesStatus", ids
    yield "DescribeInternetChargeTypeConfigs", {}
    yield "DescribeImages", {"Filters": [{"Name": "image-type", "Values": ["PUBLIC_IMAGE"]}]}
    family = [{"Name": "instance-family", "Values": ["S5"]}]
    yield "DescribeInstanceTypeConfigs", {"Filters": family}
    yield "DescribeZoneInstanceConfigInfos", {"Filters": family}
    yield "DescribeRegions", {}
    yield "DescribeZones", {}
    yield "DescribeAddresses", {"Filters": [{"Name": "address-type", "Values": ["WanIP", "EIP"]}]}
    yield "DescribeAddressQuota", {}
    yield "DescribeNetworkAccountType", {}
    yield "DescribeBandwidthPackages", {"BandwidthPackageIds": [things["package"]]}
    yield "DescribeBandwidthPackageResources", {"BandwidthPackageId": things["package"]}
    yield "DescribeBandwidthPackageQuota", {}
    yield "DescribeTaskResult", {"TaskId": things["task"]}
    groups = {"SecurityGroupIds": [things["sg"]]}
    yield "DescribeSecurityGroups", {"Filters": tags, "Limit": "20", "Offset": "0"}
    yield "DescribeSecurityGroups", groups | {"OrderField": "UpdateTime", "OrderDirection": "DESC"}
    yield "DescribeSecurityGroupPolicies", {"SecurityGroupId": things["sg"]}
    yield "DescribeSecurityGroupAssociationStatistics", groups
    yield "DescribeSecurityGroupReferences", groups
    yield "DescribeSecurityGroupLimits", {}
    for what, _ in KINDS:
        yield f"Describe{what}Templates", {"Limit": "20", "Offset": "0"}
        yield f"Describe{what}TemplateGroups", {"NeedMemberInfo": True}
    yield "DescribeVpcs", {"Offset": "0", "Limit": "20"}
    yield "DescribeSubnets", {"Filters": [{"Name": "is-default", "Values": ["true"]}]}
    yield "GetCallerIdentity", {}
    asked = {"Namespace": "QCE/LB", "MetricName": "VipOuttraffic"}
    dimensions = [{"Name": "eip", "Value": things["address"]}]
    yield "GetMonitorData", asked | {"Period": 60, "Instances": [{"Dimensions": dimensions}]}
    yield "DescribeBaseMetrics", asked
    yield "GetResources", {"TagFilters": [{"TagKey": "owner", "TagValue": ["net"]}]}
    yield "DescribeResourcesByTags", {"TagFilters": [{"TagKey": "owner"}], "Limit": 20}
    kind = {"ServiceType": "cvm", "ResourcePrefix": "instance", "ResourceRegion": REGION}
    yield "DescribeResourceTagsByResourceIds", kind | {"ResourceIds": [things["first"]]}
    yield "GetTags", {"TagKeys": ["owner"], "MaxResults": 10}
    yield "GetTagKeys", {"Category": "All"}
    yield "GetTagValues", {"TagKeys": ["owner"]}


def writes(things: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action that changes something, in an order in which each can be carried out."""
    first, eip = {"InstanceIds": [things["first"]]}, {"AddressId": things["eip"]}
    package = {"BandwidthPackageId": things["package"]}
    members = package | {"ResourceIds": [things["eip"]], "ResourceType": "Address"}
    tag = {"Key": "owner", "Value": "net"}
    yield "RunInstances", {"TagSpecification": [{"ResourceType": "instance", "Tags": [tag]}]}
    disks = {"SystemDisk": {"DiskSize": 50}, "DataDisks": [{"DiskSize": 10}]}
    yield "RunInstances", {"InternetAccessible": MBPS, "DryRun": True} | disks
    pair = {"TagKey": "stage", "TagValue": "test"}
    instance = f"qcs::cvm:{REGION}:uin/:instance/{things['second']}"
    yield "CreateTag", pair
    yield "TagResources", {"ResourceList": [instance], "Tags": [pair]}
    yield "ModifyResourceTags", {"Resource": instance, "ReplaceTags": [pair | {"TagValue": "live"}]}
    yield "UnTagResources", {"ResourceList": [instance], "TagKeys": ["stage"]}
    yield "DeleteTag", pair
    yield "StopInstances", first | {"StopType": "SOFT"}
    yield "StartInstances", first
    yield "RebootInstances", first
    yield "ResetInstancesInternetMaxBandwidth", first | {"InternetAccessible": MBPS}
    yield "ModifyInstancesAttribute", first | {"InstanceName": "前门"}
    yield "AllocateAddresses", {"Tags": [tag], "AddressCount": 1, "AddressType": "EIP"}
    terms = {"AddressChargePrepaid": {"Period": 1, "AutoRenewFlag": 0}}
    yield "RenewAddresses", {"AddressIds": [things["paid"]]} | terms
    flag = {"RenewFlag": "NOTIFY_AND_AUTO_RENEW"}
    yield "ModifyAddressesRenewFlag", {"AddressIds": [things["paid"]]} | flag
    yield "ModifyAddressesBandwidth", {"AddressIds": [things["eip"]], **MBPS}
    charge = {"InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR"}
    yield "ModifyAddressInternetChargeType", eip | charge | MBPS
    yield "ModifyAddressAttribute", eip | {"AddressName": "front", "EipDirectConnection": "FALSE"}
    yield "CreateBandwidthPackage", {"InternetMaxBandwidth": 100, "Tags": [tag]}
    yield "AddBandwidthPackageResources", members | {"NetworkType": "BGP", "Protocol": "ipv4"}
    yield "ModifyBandwidthPackageBandwidth", package | {"InternetMaxBandwidth": 50}
    yield "ModifyBandwidthPackageAttribute", package | {"BandwidthPackageName": "ours"}
    yield "AdjustPublicAddress", eip
    yield "ReturnNormalAddresses", {"AddressIps": [things["address"]]}
    yield "AssociateAddress", eip | {"InstanceId": things["second"], "EipDirectConnection": False}
    yield "DisassociateAddress", eip | {"ReallocateNormalPublicIp": False}
    yield "RemoveBandwidthPackageResources", members
    yield "ReleaseAddresses", {"AddressIds": [things["eip"]]}
    yield "DeleteBandwidthPackage", package
    yield "TransformAddress", {"InstanceId": things["third"]}
    yield from group_writes(things)
    yield "TerminateInstances", {"InstanceIds": [things["first"], things["second"]]}


def group_writes(things: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action that changes security groups or templates."""
    named = {"GroupName": "web", "GroupDescription": "x"}
    group, ssh = {"SecurityGroupId": things["sg"]}, HTTP | {"Port": "22", "PolicyIndex": 0}
    yield "CreateSecurityGroup", named
    yield "CreateDefaultSecurityGroup", {"ProjectId": "0"}
    yield "CreateSecurityGroupWithPolicies", named | policies(HTTP)
    yield "CloneSecurityGroup", group | {"GroupName": "copy"}
    yield "ModifySecurityGroupAttribute", group | {"GroupName": "www"}
    yield "CreateSecurityGroupPolicies", group | policies(ssh)
    yield "ReplaceSecurityGroupPolicy", group | policies(ssh | {"Port": "23"})
    moved = {"OriginalSecurityGroupPolicySet": {"Ingress": [{"PolicyIndex": 0}]}}
    to = policies({"PolicyIndex": 1}) | {"UpdateType": "Priority"}
    yield "ReplaceSecurityGroupPolicies", group | moved | to
    yield "DeleteSecurityGroupPolicies", group | policies({"PolicyIndex": 1})
    yield "ModifySecurityGroupPolicies", group | policies(HTTP)
    bound = {"SecurityGroupIds": [things["sg"]], "InstanceIds": [things["second"]]}
    yield "AssociateSecurityGroups", bound
    yield "DisassociateSecurityGroups", bound
    yield "DeleteSecurityGroup", group
    yield "CreateAddressTemplate", {"AddressTemplateName": "x", "Addresses": ["192.0.2.0/24"]}
    extra = {"AddressesExtra": [{"Address": "192.0.2.2", "Description": "gate"}]}
    yield "ModifyAddressTemplateAttribute", {"AddressTemplateId": things["ipm"]} | extra
    yield "CreateServiceTemplate", {"ServiceTemplateName": "x", "Services": ["udp:53", "icmp"]}
    services = {"Services": ["tcp:81"]}
    yield "ModifyServiceTemplateAttribute", {"ServiceTemplateId": things["ppm"]} | services
    for kind, key in KINDS:
        ids = {f"{kind}TemplateIds": [things[key]]}
        name, whole = f"{kind}TemplateGroup", {f"{kind}TemplateGroupId": things[f"{key}g"]}
        yield f"Create{name}", {f"{name}Name": "y"} | ids
        yield f"Modify{name}Attribute", whole | {f"{name}Name": "z"}
        yield f"Delete{name}", whole
        yield f"Delete{kind}Template", {f"{kind}TemplateId": things[f"unused_{key}"]}


def test_every_action_by_the_sdk(lab: Lab, cloud: Cloud) -> None:
    things = made(lab)
    for action, request in writes(things):
        eventually(partial(cloud.carries_out, action, request), within_s=30)
        settle(lab)
    things = made(lab)
    for action, request in reads(things):
        cloud.ask(action, request)
        answers = [cloud.ask(action, request, *way) for way in WAYS]
        assert answers[1:] == answers[:-1]
    (tagged,) = cloud.ask("DescribeInstances", next(reads(things))[1])["InstanceSet"]
    assert tagged["Tags"] == [{"Key": "owner", "Value": "net"}]


def test_every_action_by_tccli(lab: Lab, cloud: Cloud, tmp_path: Path) -> None:
    things, asked = made(lab), tmp_path / "request.json"
    with tccli(cloud.endpoint, cloud.secret_id, cloud.secret_key, REGION) as client:
        for action, request in (*reads(things), *writes(things)):
            service = ACTIONS[action].declared.service.name
            asked.write_text(json.dumps(request))
            words = (service, action, "--cli-input-json", f"file://{asked}")
            eventually(partial(carries_out, client, *words), within_s=30)
            settle(lab)


def test_the_rows_have_every_action() -> None:
    names = ("first", "second", "third", "eip", "paid", "package", "address", "task")
    more = [f"{before}{key}{g}" for _, key in KINDS for before, g in BESIDE]
    things = dict.fromkeys((*names, "sg", *more), "x")
    rows = {action for action, _ in (*reads(things), *writes(things))}
    assert rows == ACTIONS.keys()


def test_another_address_is_where_packets_go(lab: Lab, cloud: Cloud) -> None:
    (instance_id,) = cloud.ask("RunInstances", {"InternetAccessible": MBPS})["InstanceIdSet"]
    settle(lab)

    def address() -> str:
        asked = {"InstanceIds": [instance_id]}
        (shown,) = cloud.ask("DescribeInstances", asked)["InstanceSet"]
        return str(shown["PublicIpAddresses"][0])

    before = address()
    eventually(lambda: lab.pings("internet", before))
    cloud.ask("AdjustPublicAddress", {"InstanceId": instance_id})
    settle(lab)
    assert address() != before
    eventually(lambda: lab.pings("internet", address()))
    assert not lab.pings("internet", before)


def test_codes_arrive_as_the_sdk_has_them(cloud: Cloud) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("DescribeAddresses", {"Limit": 101}, "InvalidParameterValue.LimitExceeded"),
        ("ReleaseAddresses", {"AddressIds": ["x"]}, "InvalidParameterValue.AddressIdMalformed"),
        ("AllocateAddresses", {"AnycastZone": "x"}, "UnsupportedOperation"),
        ("DescribeVpcs", {"VpcIds": ["vpc-00000000"]}, "ResourceNotFound"),
    ]
    for action, request, code in wrong:
        with pytest.raises(TencentCloudSDKException) as refused:
            cloud.ask(action, request)
        assert refused.value.code == code

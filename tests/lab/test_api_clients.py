"""The cloud's own clients drive the lab: its Python SDK in each way of signing, and tccli."""

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.blows import kill
from support.labs import COMMAND, TGW, Lab, eventually, lab_of, leftovers, new_topology
from support.tccli import Tccli, tccli
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import models as cvm
from tencentcloud.cvm.v20170312.cvm_client import CvmClient
from tencentcloud.vpc.v20170312 import models as vpc
from tencentcloud.vpc.v20170312.vpc_client import VpcClient

from gateway.lab import lifecycle
from gateway.site import roles

# The SDK's, about functions of the standard library.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

VERSION = "2017-03-12"
ASK_EVERY_S = 0.12  # the cloud permits ten calls a second of each action
Result = TypeVar("Result")
WAYS = [
    ("TC3-HMAC-SHA256", "POST", "http://"),
    ("TC3-HMAC-SHA256", "POST", ""),
    ("TC3-HMAC-SHA256", "GET", ""),
    ("HmacSHA256", "POST", ""),
    ("HmacSHA1", "POST", "http://"),
    ("HmacSHA1", "GET", ""),
]


@dataclass(frozen=True)
class Account:
    """What `tgw credentials` prints."""

    endpoint: str
    region: str
    secret_id: str
    secret_key: str

    def client(
        self,
        kind: Any,
        sign: str = "TC3-HMAC-SHA256",
        method: str = "POST",
        scheme: str = "http://",
        **http: Any,
    ) -> Any:
        """A client of the SDK's: CvmClient or VpcClient."""
        host = self.endpoint.partition("://")[2]
        over = HttpProfile(protocol="http", endpoint=scheme + host, reqMethod=method, **http)
        profile = ClientProfile(signMethod=sign, httpProfile=over)
        return kind(Credential(self.secret_id, self.secret_key), self.region, profile)


def account_of(lab: Lab) -> Account:
    """As a shell reads it."""
    words = shlex.split(lab.run("credentials").stdout)
    found = dict(word.split("=", 1) for word in words if "=" in word)
    return Account(
        found["TGW_API"],
        found["TENCENTCLOUD_REGION"],
        found["TENCENTCLOUD_SECRET_ID"],
        found["TENCENTCLOUD_SECRET_KEY"],
    )


@pytest.fixture
def account(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return account_of(lab)


def asked(request: Any, **parameters: Any) -> Any:
    """A request of the SDK's."""
    request.from_json_string(json.dumps(parameters))
    return request


def in_time(step: Callable[[], Result]) -> Result:
    """The first result of `step` that counts as true, asked for no oftener than is permitted."""

    def after_a_while() -> Result:
        time.sleep(ASK_EVERY_S)
        return step()

    return eventually(after_a_while, within_s=20)


def finish(vpcs: Any, answer: Any) -> None:
    """Wait for the answer's task."""
    assert isinstance(answer.TaskId, str)
    request = asked(vpc.DescribeTaskResultRequest(), TaskId=int(answer.TaskId))
    in_time(lambda: vpcs.DescribeTaskResult(request).Result == "SUCCESS")


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(TencentCloudSDKException) as refused:
        call(*arguments)
    assert refused.value.requestId
    return str(refused.value.code)


PURCHASE = {
    "Placement": {"Zone": "ap-guangzhou-3"},
    "ImageId": "img-487zeit5",
    "InstanceType": "S5.SMALL1",
    "InstanceChargeType": "POSTPAID_BY_HOUR",
    "SystemDisk": {"DiskType": "CLOUD_PREMIUM", "DiskSize": 50},
    "VirtualPrivateCloud": {"VpcId": "DEFAULT", "SubnetId": "DEFAULT"},
    "InternetAccessible": {
        "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
        "InternetMaxBandwidthOut": 10,
        "PublicIpAssigned": True,
    },
    "InstanceCount": 1,
    "LoginSettings": {"Password": "Qcloud@TestApi123"},
    "EnhancedService": {"SecurityService": {"Enabled": True}},
    "HostName": "web",
    "DryRun": False,
}


@pytest.mark.parametrize(("sign", "method", "scheme"), WAYS)
def test_the_sdk_drives_instances_and_eips(
    lab: Lab, account: Account, sign: str, method: str, scheme: str
) -> None:
    cvms = account.client(CvmClient, sign, method, scheme)
    vpcs = account.client(VpcClient, sign, method, scheme)
    answer = cvms.RunInstances(asked(cvm.RunInstancesRequest(), **PURCHASE, InstanceName="前门"))
    (instance_id,) = answer.InstanceIdSet

    def shown() -> Any:
        request = asked(cvm.DescribeInstancesRequest(), InstanceIds=[instance_id], Limit=20)
        (instance,) = cvms.DescribeInstances(request).InstanceSet
        return instance

    in_time(lambda: shown().InstanceState == "RUNNING")
    assert shown().InstanceName == "前门"
    assert shown().InternetAccessible.InternetMaxBandwidthOut == 10
    assert lab.pings("internet", shown().PublicIpAddresses[0])

    allocate = asked(vpc.AllocateAddressesRequest(), AddressCount=1, InternetMaxBandwidthOut=5)
    allocated = vpcs.AllocateAddresses(allocate)
    (eip_id,) = allocated.AddressSet
    finish(vpcs, allocated)
    bind = asked(vpc.AssociateAddressRequest(), AddressId=eip_id, InstanceId=instance_id)
    finish(vpcs, vpcs.AssociateAddress(bind))
    listed = asked(vpc.DescribeAddressesRequest(), AddressIds=[eip_id])
    (eip,) = vpcs.DescribeAddresses(listed).AddressSet
    assert (eip.AddressStatus, eip.InstanceId, eip.Bandwidth) == ("BIND", instance_id, 5)
    assert shown().PublicIpAddresses == [eip.AddressIp]
    assert lab.pings("internet", eip.AddressIp)

    unbind = asked(vpc.DisassociateAddressRequest(), AddressId=eip_id)
    finish(vpcs, vpcs.DisassociateAddress(unbind))
    assert not lab.pings("internet", eip.AddressIp)
    release = asked(vpc.ReleaseAddressesRequest(), AddressIds=[eip_id])
    finish(vpcs, vpcs.ReleaseAddresses(release))
    assert vpcs.DescribeAddresses(listed).TotalCount == 0
    cvms.TerminateInstances(asked(cvm.TerminateInstancesRequest(), InstanceIds=[instance_id]))
    gone = asked(cvm.DescribeInstancesRequest(), InstanceIds=[instance_id])
    in_time(lambda: cvms.DescribeInstances(gone).TotalCount == 0)


@pytest.mark.parametrize(("sign", "method", "scheme"), WAYS)
def test_the_sdk_sees_the_codes_of_refusals(
    account: Account, sign: str, method: str, scheme: str
) -> None:
    def vpcs(account: Account) -> Any:
        return account.client(VpcClient, sign, method, scheme)

    listed = asked(vpc.DescribeAddressesRequest())
    unbind = asked(vpc.DisassociateAddressRequest(), AddressId="eip-00000000")
    wrong_key = replace(account, secret_key="x" * 32)
    nobody = replace(account, secret_id="AKIDnobody")
    mars = replace(account, region="mars")
    assert refusal(vpcs(account).DisassociateAddress, unbind) == "InvalidAddressId.NotFound"
    assert refusal(vpcs(mars).DescribeAddresses, listed) == "UnsupportedRegion"
    assert refusal(vpcs(nobody).DescribeAddresses, listed) == "AuthFailure.SecretIdNotFound"
    assert refusal(vpcs(wrong_key).DescribeAddresses, listed) == "AuthFailure.SignatureFailure"


def test_an_action_or_version_that_is_not_here_has_its_code(account: Account) -> None:
    def client(version: str) -> Any:
        made = account.client(lambda *words: CommonClient("vpc", version, *words))
        return made.call_json

    assert refusal(client(VERSION), "DescribeNothing", {}) == "InvalidAction"
    assert refusal(client(VERSION), "DescribeInstances", {}) == "InvalidAction"
    assert refusal(client("2000-01-01"), "DescribeAddresses", {}) == "NoSuchVersion"


def test_a_disabled_pair_is_refused_and_another_one_is_not(lab: Lab, account: Account) -> None:
    listed = asked(vpc.DescribeAddressesRequest())
    made = lab.ask("credentials", "--new")["Credentials"][-1]
    other = replace(account, secret_id=made["SecretId"], secret_key=made["SecretKey"])
    client = other.client(VpcClient)
    assert client.DescribeAddresses(listed).TotalCount == 0
    assert lab.run("credentials", "--disable", other.secret_id).returncode == 0
    assert refusal(client.DescribeAddresses, listed) == "AuthFailure.SecretIdNotFound"
    assert account.client(VpcClient).DescribeAddresses(listed).TotalCount == 0


def test_too_many_calls_are_refused_until_time_has_passed(lab: Lab, account: Account) -> None:
    listed = asked(vpc.DescribeAddressesRequest())
    made = lab.ask("credentials", "--new")["Credentials"][-1]  # not to disturb other tests
    other = replace(account, secret_id=made["SecretId"], secret_key=made["SecretKey"])
    client = other.client(VpcClient)

    def call() -> str:
        try:
            client.DescribeAddresses(listed)
        except TencentCloudSDKException as error:
            return str(error.code)
        return "done"

    codes = {call() for _ in range(60)}
    assert codes == {"done", "RequestLimitExceeded"}
    eventually(lambda: call() == "done")


def wait_for_status(client: Tccli, eip_id: str, status: str) -> Any:
    """The EIP, once it has the status, by tccli's own way of waiting."""
    waiter = {"expr": "AddressSet[0].AddressStatus", "to": status, "timeout": 20, "interval": 1}
    answer = client.ask(
        "vpc", "DescribeAddresses", "--AddressIds", json.dumps([eip_id]),
        "--waiter", json.dumps(waiter),
    )  # fmt: skip
    (found,) = answer["AddressSet"]
    return found


@pytest.fixture
def client(account: Account) -> Iterator[Tccli]:
    keys = account.secret_id, account.secret_key
    with tccli(account.endpoint, *keys, account.region) as client:
        yield client


def test_tccli_drives_instances_and_eips(lab: Lab, client: Tccli) -> None:
    web = lab.instance("web")
    (eip_id,) = client.ask("vpc", "AllocateAddresses", "--AddressName", "shop")["AddressSet"]
    wait_for_status(client, eip_id, "UNBIND")
    client.ask(
        "vpc", "AssociateAddress", "--cli-unfold-argument",
        "--AddressId", eip_id, "--InstanceId", web.id,
    )  # fmt: skip
    eip = wait_for_status(client, eip_id, "BIND")
    assert (eip["InstanceId"], eip["AddressName"]) == (web.id, "shop")
    assert web.public == eip["AddressIp"]
    assert lab.pings("internet", eip["AddressIp"])
    done = client.run("vpc", "ReleaseAddresses", "--AddressIds", json.dumps([eip_id]))
    assert done.returncode == 255
    assert "code:UnsupportedOperation.AddressStatusNotPermit" in done.stderr + done.stdout
    task = client.ask("vpc", "DisassociateAddress", "--AddressId", eip_id)["TaskId"]
    client.ask(
        "vpc", "DescribeTaskResult", "--TaskId", task,
        "--waiter", json.dumps({"expr": "Result", "to": "SUCCESS", "timeout": 20, "interval": 1}),
    )  # fmt: skip
    wait_for_status(client, eip_id, "UNBIND")
    client.ask("vpc", "ReleaseAddresses", "--AddressIds", json.dumps([eip_id]))
    client.ask("cvm", "TerminateInstances", "--InstanceIds", json.dumps([web.id]))
    client.ask(
        "cvm", "DescribeInstances", "--InstanceIds", json.dumps([web.id]),
        "--waiter", json.dumps({"expr": "TotalCount", "to": 0, "timeout": 20, "interval": 1}),
    )  # fmt: skip


def test_labs_side_by_side_have_endpoints_of_their_own_that_stay(lab: Lab) -> None:
    with lab_of(new_topology()) as other:
        mine, theirs = account_of(lab), account_of(other)
        assert mine.endpoint != theirs.endpoint
        assert mine.secret_id != theirs.secret_id
        kill(other, "control")
        assert other.run("lab", "up").returncode == 0
        assert account_of(other) == theirs
        assert theirs.client(VpcClient).DescribeAddresses(asked(vpc.DescribeAddressesRequest()))


@contextmanager
def started(lab: Lab, role: str, *options: str) -> Iterator[None]:
    """One of the lab's processes, with options."""
    process = subprocess.Popen([*TGW, role, "--lab", lab.name, *options])
    try:
        eventually(lambda: lifecycle.READY[role](lab.topology.site), within_s=20)
        yield
    finally:
        process.terminate()
        process.wait(10)


def test_with_a_certificate_the_sdk_speaks_tls(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=tgw", "-addext", "subjectAltName=IP:127.0.0.2",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    topology = new_topology()
    lab = Lab(topology)
    lifecycle.up(topology, COMMAND, network_only=True, say=lambda _line: None)
    try:
        with (
            started(lab, roles.CONTROL, "--api-rate", "2"),
            started(
                lab, roles.API,
                "--listen", "127.0.0.2:0", "--cert", str(certificate), "--key", str(key),
            ),
        ):  # fmt: skip
            account = account_of(lab)
            assert account.endpoint.startswith("https://127.0.0.2:")
            client = account.client(VpcClient, scheme="https://", certification=str(certificate))
            assert client.DescribeAddresses(asked(vpc.DescribeAddressesRequest())).TotalCount == 0
            untrusting = account.client(VpcClient, scheme="https://")
            with pytest.raises(TencentCloudSDKException, match="CERTIFICATE_VERIFY_FAILED"):
                untrusting.DescribeAddresses(asked(vpc.DescribeAddressesRequest()))
    finally:
        lifecycle.down(topology.name)
    assert leftovers(topology.name) == []

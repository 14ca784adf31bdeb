"""Programs in an instance with a role call the API, tccli and the SDK, with no key of theirs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.blows import kill
from support.labs import Instance, Lab, eventually

ROLES = "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials"
CVM, VPC = "http://cvm.tencentcloudapi.com", "http://vpc.tencentcloudapi.com"
TCCLI = "import sys; from tccli.main import main; sys.exit(main())"
# The SDK with its own endpoint: it is told of plain HTTP, and of nothing else.
SDK = """
from tencentcloud.common.credential import CVMRoleCredential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import cvm_client, models
profile = ClientProfile(httpProfile=HttpProfile(protocol="http"))
client = cvm_client.CvmClient(CVMRoleCredential(), "ap-guangzhou", profile)
for instance in client.DescribeInstances(models.DescribeInstancesRequest()).InstanceSet:
    print(instance.InstanceId, instance.CamRoleName)
"""


@pytest.fixture
def ruler(lab: Lab) -> Iterator[Instance]:
    """An instance with a role."""
    instance = Instance(
        lab, lab.ask("instance", "run", "--role", "ruler", "--bandwidth", "5")["InstanceId"]
    )
    eventually(lambda: instance.show()["InstanceState"] == "RUNNING")
    yield instance
    instance.terminate()


def python(
    lab: Lab, host: str, home: Path, program: str, *words: str
) -> "subprocess.CompletedProcess[str]":
    """A Python program in a host that knows nothing of the machine's environment."""
    variables = (f"HOME={home}", f"PATH={os.environ['PATH']}")
    command = (sys.executable, "-W", "ignore", "-c", program, *words)
    return lab.exec(host, "env", "-i", *variables, *command)


def tccli(lab: Lab, host: str, home: Path, *words: str) -> Any:
    """What tccli answers to a program in the host."""
    role = ("--use-cvm-role", "--region", "ap-guangzhou")
    done = python(lab, host, home, TCCLI, *words, *role)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_tccli_in_an_instance_binds_an_eip_to_it_and_packets_follow(
    lab: Lab, ruler: Instance, tmp_path: Path
) -> None:
    def ask(service: str, action: str, *words: str) -> Any:
        endpoint = {"cvm": CVM, "vpc": VPC}[service]
        return tccli(lab, ruler.id, tmp_path, service, action, *words, "--endpoint", endpoint)

    before = ruler.public
    shown = ask("cvm", "DescribeInstances", "--InstanceIds", json.dumps([ruler.id]))
    assert shown["InstanceSet"][0]["CamRoleName"] == "ruler"
    (eip_id,) = ask("vpc", "AllocateAddresses", "--AddressName", "mine")["AddressSet"]
    ask("vpc", "AssociateAddress", "--AddressId", eip_id, "--InstanceId", ruler.id)
    (eip,) = ask("vpc", "DescribeAddresses", "--AddressIds", json.dumps([eip_id]))["AddressSet"]
    address = eip["AddressIp"]
    eventually(lambda: lab.pings("internet", address))
    assert not lab.pings("internet", before)
    told = lab.curl(ruler.id, "http://metadata.tencentyun.com/latest/meta-data/public-ipv4")
    assert told == address
    assert lab.curl(ruler.id, "http://internet/").strip() == address  # type: ignore[union-attr]
    ask("vpc", "DisassociateAddress", "--AddressId", eip_id)
    eventually(lambda: not lab.pings("internet", address))
    ask("vpc", "ReleaseAddresses", "--AddressIds", json.dumps([eip_id]))


def test_the_sdk_in_an_instance_needs_no_endpoint(
    lab: Lab, ruler: Instance, tmp_path: Path
) -> None:
    done = python(lab, ruler.id, tmp_path, SDK)
    assert f"{ruler.id} ruler" in done.stdout.splitlines(), done.stderr


def test_the_names_of_the_api_answer_in_instances_and_nowhere_else(
    lab: Lab, ruler: Instance
) -> None:
    unsigned = ("-H", "Content-Type: application/json", "-d", "{}")
    for name in ("cvm", "vpc.internal", "monitor.ap-guangzhou"):
        body = lab.curl(ruler.id, f"http://{name}.tencentcloudapi.com/", *unsigned)
        assert body is not None
        assert json.loads(body)["Response"]["Error"]["Code"] == "MissingParameter"
    way = ("169.254.0.95", "via", lab.topology.uplink_address)
    lab.exec_in(lab.uplink, "ip", "route", "add", *way)
    before = lab.counters().guard["guard_foreign"]
    assert lab.curl("internet", "http://169.254.0.95/", *unsigned) is None
    assert lab.counters().guard["guard_foreign"] > before
    lab.exec_in(lab.uplink, "ip", "route", "del", *way)


def credentials(lab: Lab, instance: Instance, role: str = "ruler") -> dict[str, Any]:
    body = lab.curl(instance.id, f"{ROLES}/{role}")
    assert body is not None
    found: dict[str, Any] = json.loads(body)
    return found


def code(lab: Lab, instance: Instance, home: Path, found: dict[str, Any]) -> str:
    """How the API answers to who signs with these: the code of a refusal, or nothing."""
    words = ["--secretId", found["TmpSecretId"], "--secretKey", found["TmpSecretKey"]]
    if found["Token"]:
        words += ["--token", found["Token"]]
    asked = ("cvm", "DescribeInstances", "--region", "ap-guangzhou", "--endpoint", CVM)
    done = python(lab, instance.id, home, TCCLI, *asked, *words)
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).partition("code:")[2].partition(" ")[0]


def test_a_role_that_is_taken_away_takes_its_credentials_along(
    lab: Lab, ruler: Instance, tmp_path: Path
) -> None:
    found = credentials(lab, ruler)
    assert found["Code"] == "Success"
    assert code(lab, ruler, tmp_path, found) == ""
    assert code(lab, ruler, tmp_path, found | {"Token": ""}) == "AuthFailure.TokenFailure"
    wrong = found | {"TmpSecretKey": "x"}
    assert code(lab, ruler, tmp_path, wrong) == "AuthFailure.SignatureFailure"
    change: dict[str, Any] = {"InstanceIds": [ruler.id], "CamRoleName": ""}
    lab.control.call("ModifyInstancesAttribute", **change)
    assert code(lab, ruler, tmp_path, found) == "AuthFailure.TokenFailure"
    eventually(lambda: lab.curl(ruler.id, f"{ROLES}/") is None)
    assert lab.curl(ruler.id, f"{ROLES}/ruler") is None


def test_no_instance_sees_the_credentials_of_another(lab: Lab, web: Instance) -> None:
    assert lab.curl(web.id, f"{ROLES}/ruler") is None


def test_control_that_was_killed_takes_the_credentials_again(own_lab: Lab, tmp_path: Path) -> None:
    lab = own_lab
    ruler = Instance(lab, lab.ask("instance", "run", "--role", "ruler")["InstanceId"])
    eventually(lambda: ruler.show()["InstanceState"] == "RUNNING")
    found = credentials(lab, ruler)
    kill(lab, "control")
    assert lab.run("lab", "up").returncode == 0
    assert code(lab, ruler, tmp_path, found) == ""

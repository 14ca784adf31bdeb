"""The metadata service as an instance asks it: with curl, by name and by address."""

from pathlib import Path

import pytest
from support.labs import Instance, Lab, eventually

BY_NAME = "http://metadata.tencentyun.com"
BY_ADDRESS = "http://169.254.0.23"


@pytest.mark.parametrize("base", [BY_NAME, BY_ADDRESS])
@pytest.mark.parametrize(
    "version", ["", "/latest", "/1.0", "/2017-09-19", "/2019-09-29", "/2019-12-11"]
)
def test_the_public_address_by_every_name(lab: Lab, web: Instance, base: str, version: str) -> None:
    assert lab.curl(web.id, f"{base}{version}/meta-data/public-ipv4") == web.public


def test_what_an_instance_learns_of_itself(lab: Lab, web: Instance) -> None:
    shown, base = web.show(), f"{BY_NAME}/latest/meta-data"
    gateway = lab.topology.vpc_gateway
    mac = lab.curl(web.id, f"{base}/mac")
    assert mac is not None
    assert mac.lower() == lab.exec(web.id, "cat", "/sys/class/net/eth0/address").stdout.strip()
    told = {
        "instance-id": web.id,
        "instance-name": "web",
        "uuid": shown["Uuid"],
        "local-ipv4": web.private,
        "placement/zone": shown["Placement"]["Zone"],
        "placement/region": "ap-guangzhou",
        "network/interfaces/macs/": f"{mac}/",
        f"network/interfaces/macs/{mac}/primary-local-ipv4": web.private,
        f"network/interfaces/macs/{mac}/public-ipv4s": web.public,
        f"network/interfaces/macs/{mac}/vpc-id": shown["VirtualPrivateCloud"]["VpcId"],
        f"network/interfaces/macs/{mac}/subnet-id": shown["VirtualPrivateCloud"]["SubnetId"],
        f"network/interfaces/macs/{mac}/local-ipv4s/{web.private}/gateway": gateway,
        f"network/interfaces/macs/{mac}/local-ipv4s/{web.private}/public-ipv4": web.public,
        f"network/interfaces/macs/{mac}/local-ipv4s/{web.private}/public-ipv4-mode": "NAT",
        f"network/interfaces/macs/{mac}/local-ipv4s/{web.private}/subnet-mask": "255.255.0.0",
    }
    assert {path: lab.curl(web.id, f"{base}/{path}") for path in told} == told


def test_what_an_instance_was_bought_with_is_told_and_follows_every_change(
    lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "user-data"
    file.write_bytes(b"#!/bin/sh\necho hello\n")
    bought = lab.ask(
        "instance", "run", "--type", "S5.LARGE8", "--image", "img-487zeit5", "--hostname", "www",
        "--user-data", str(file),
    )  # fmt: skip
    instance = Instance(lab, bought["InstanceId"])
    eventually(lambda: instance.show()["InstanceState"] == "RUNNING")
    base = f"{BY_NAME}/latest/meta-data"
    created = instance.show()["CreatedTime"].replace("T", " ").removesuffix("Z")
    told = {
        "hostname": "www",
        "app-id": "1250000000",
        "instance/instance-type": "S5.LARGE8",
        "instance/image-id": "img-487zeit5",
        "instance/security-group": "sg-tgw00001",
        "payment/": "charge-type\ncreate-time",
        "payment/charge-type": "POSTPAID_BY_HOUR",
        "payment/create-time": created,
        "cam/": None,
        "cam/security-credentials/": None,
        "spot/termination-time": None,
    }
    assert {path: lab.curl(instance.id, f"{base}/{path}") for path in told} == told
    assert lab.curl(instance.id, f"{BY_NAME}/latest/user-data") == "#!/bin/sh\necho hello\n"
    assert lab.curl(instance.id, f"{BY_NAME}/latest/") == "meta-data/\nuser-data"
    assert lab.curl(instance.id, f"{BY_NAME}/1.0/meta-data/placement/zone") == "100003"

    def change(**attribute: str) -> None:
        lab.control.call("ModifyInstancesAttribute", InstanceIds=[instance.id], **attribute)

    change(HostName="db")
    eventually(lambda: lab.curl(instance.id, f"{base}/hostname") == "db")
    change(UserData="")
    eventually(lambda: lab.curl(instance.id, f"{BY_NAME}/latest/user-data") is None)
    change(CamRoleName="reader")
    eventually(lambda: lab.curl(instance.id, f"{base}/cam/security-credentials"))
    for path in ("cam/security-credentials", "cam/security-credentials/"):
        assert lab.curl(instance.id, f"{base}/{path}") == "reader"
    assert lab.curl(instance.id, f"{base}/cam/security-credentials/writer") is None
    instance.terminate()


def test_what_isnt_there_is_404(lab: Lab, web: Instance) -> None:
    for path in ("/nothing", "/latest/meta-data/nothing", "/latest/meta-data/mac/", "/LATEST"):
        status = ("-o", "/dev/null", "-w", "%{http_code}")
        done = lab.exec(web.id, "curl", "-s", *status, f"{BY_NAME}{path}")
        assert done.stdout == "404", path


def test_without_a_public_address_there_is_no_path_for_it(lab: Lab) -> None:
    quiet = lab.instance("quiet", bandwidth=0)
    listing = lab.curl(quiet.id, f"{BY_NAME}/latest/meta-data/")
    assert listing is not None
    assert "public-ipv4" not in listing.splitlines()
    assert lab.curl(quiet.id, f"{BY_NAME}/latest/meta-data/public-ipv4") is None
    quiet.terminate()


def test_the_address_follows_an_eip(lab: Lab, web: Instance) -> None:
    url = f"{BY_NAME}/meta-data/public-ipv4"
    eip = lab.ask("eip", "allocate")
    lab.ask("eip", "bind", eip["AddressId"], web.id)
    assert lab.curl(web.id, url) == eip["AddressIp"]
    lab.ask("eip", "unbind", eip["AddressId"])
    assert lab.curl(web.id, url) == web.public != eip["AddressIp"]
    lab.run("eip", "release", eip["AddressId"])


def test_a_caller_is_its_address_never_a_header(lab: Lab, web: Instance) -> None:
    other = lab.instance("other")
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Host", "X-Instance-Id"):
        claim = ("-H", f"{header}: {other.private}")
        assert lab.curl(web.id, f"{BY_ADDRESS}/meta-data/instance-id", *claim) == web.id
    other.terminate()


def test_neither_internet_nor_gateway_get_an_answer(lab: Lab, web: Instance) -> None:
    assert lab.curl("internet", f"{BY_NAME}/meta-data/") is None
    assert lab.curl("gateway", f"{BY_ADDRESS}/meta-data/") is None


def test_where_other_clouds_have_their_metadata_a_probe_is_refused_at_once(
    lab: Lab, web: Instance
) -> None:
    for url in ("http://169.254.169.254/", "https://169.254.169.254/"):
        done = lab.exec(web.id, "curl", "-s", "-m", "20", url)
        assert done.returncode == 7, "refused, and not 28: waited for in vain"

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.values import RoleCredentials
from gateway.metadata.facts import VERSIONS, Facts, Place, answer

MAC = "52:54:00:AB:CD:0E"
PLACE = Place(
    region="ap-lab",
    zone="ap-lab-1",
    region_code="lab",
    zone_code="1",
    vpc_id="vpc-0001",
    subnet_id="subnet-0001",
    gateway="10.0.0.1",
    subnet_mask="255.255.0.0",
)
FACTS = Facts(
    instance_id="ins-0001",
    name="web 网",
    uuid="2a7f0c52-0000-4000-8000-000000000001",
    host_name="VM-0-2-linux",
    mac="52:54:00:ab:cd:0e",
    local_ipv4="10.0.0.2",
    public_ipv4="203.0.113.9",
    place=PLACE,
    app_id="1250000000",
    charge_type="POSTPAID_BY_HOUR",
    created_at=1_700_000_000.75,
    instance_type="S5.SMALL1",
    image_id="img-00000001",
    security_groups="sg-00000002\nsg-00000001",
    user_data=b"",
    role="",
    credentials=None,
)
PRIVATE = replace(FACTS, public_ipv4=None)
WITH_ROLE = replace(
    FACTS,
    user_data=b"#!/bin/sh\n\0\xff",
    role="reader",
    credentials=RoleCredentials("AKIDtmp-1", "key", "token", 1_700_003_600),
)
MACS = f"network/interfaces/macs/{MAC}"
LOCAL = f"{MACS}/local-ipv4s/10.0.0.2"
NEWER = [version for version in VERSIONS if version != "1.0"]
WITH_ROLES = ["2019-12-11", "latest"]

LEAVES = [
    ("hostname", "VM-0-2-linux"),
    ("instance-id", "ins-0001"),
    ("instance-name", "web 网"),
    ("uuid", "2a7f0c52-0000-4000-8000-000000000001"),
    ("mac", MAC),
    ("local-ipv4", "10.0.0.2"),
    ("public-ipv4", "203.0.113.9"),
    (f"{MACS}/mac", MAC),
    (f"{MACS}/primary-local-ipv4", "10.0.0.2"),
    (f"{MACS}/public-ipv4s", "203.0.113.9"),
    (f"{LOCAL}/gateway", "10.0.0.1"),
    (f"{LOCAL}/local-ipv4", "10.0.0.2"),
    (f"{LOCAL}/public-ipv4", "203.0.113.9"),
    (f"{LOCAL}/public-ipv4-mode", "NAT"),
    (f"{LOCAL}/subnet-mask", "255.255.0.0"),
]
PLACES = [("placement/region", "lab", "ap-lab"), ("placement/zone", "1", "ap-lab-1")]
NEWER_LEAVES = [
    ("app-id", "1250000000"),
    ("instance/image-id", "img-00000001"),
    ("instance/instance-type", "S5.SMALL1"),
    ("instance/security-group", "sg-00000002\nsg-00000001"),
    ("payment/charge-type", "POSTPAID_BY_HOUR"),
    ("payment/create-time", "2023-11-14 22:13:20"),
    (f"{MACS}/owner-id", "1250000000"),
    (f"{MACS}/subnet-id", "subnet-0001"),
    (f"{MACS}/vpc-id", "vpc-0001"),
]
DIRECTORIES = [
    ("network/", "interfaces/"),
    ("network/interfaces/", "macs/"),
    ("network/interfaces/macs/", f"{MAC}/"),
    (f"{MACS}/local-ipv4s/", "10.0.0.2/"),
    (f"{LOCAL}/", "gateway local-ipv4 public-ipv4 public-ipv4-mode subnet-mask"),
    ("placement/", "region zone"),
]
PUBLIC_LEAVES = ["public-ipv4", f"{MACS}/public-ipv4s", f"{LOCAL}/public-ipv4"]
PREFIXES = ["/", *(f"/{version}/" for version in VERSIONS)]

MISSING = [
    pytest.param("/meta-data/nothing", id="unknown-leaf"),
    pytest.param("/meta-data/nothing/", id="unknown-directory"),
    pytest.param("/2016-01-01/meta-data/", id="unknown-version"),
    pytest.param("/latest/user-data", id="no-user-data"),
    pytest.param("/user-data", id="user-data-without-a-version"),
    pytest.param("/2019-01-01/meta-data/mac", id="a-date-between"),
    pytest.param("/meta-data/mac/", id="leaf-with-a-slash"),
    pytest.param("/meta-data/mac/mac", id="below-a-leaf"),
    pytest.param("/meta-data/MAC", id="case-matters"),
    pytest.param("/LATEST/meta-data/mac", id="case-matters-in-a-version"),
    pytest.param("//meta-data/mac", id="empty-part-first"),
    pytest.param("/meta-data//mac", id="empty-part-inside"),
    pytest.param("/meta-data/network//", id="two-slashes-at-the-end"),
    pytest.param("/meta-data/../meta-data/mac", id="no-dot-dot"),
    pytest.param("/meta-data/network/interfaces/macs/52:54:00:AB:CD:0F/mac", id="another-mac"),
    pytest.param("/latest/latest/meta-data/mac", id="version-in-a-version"),
    pytest.param("/meta-data/mac ", id="space"),
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("path", "value"), LEAVES, ids=[path for path, _ in LEAVES])
def test_a_leaf_is_its_bare_value(prefix: str, path: str, value: str) -> None:
    assert answer(FACTS, f"{prefix}meta-data/{path}") == value


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("path", "names"), DIRECTORIES, ids=[path for path, _ in DIRECTORIES])
def test_a_directory_lists_its_entries_with_or_without_its_slash(
    prefix: str, path: str, names: str
) -> None:
    listing = "\n".join(names.split())
    assert answer(FACTS, f"{prefix}meta-data/{path}") == listing
    assert answer(FACTS, f"{prefix}meta-data/{path}".rstrip("/")) == listing


def test_the_root_lists_the_versions() -> None:
    listed = "1.0\n2017-09-19\n2019-09-29\n2019-12-11\nlatest\nmeta-data"
    assert answer(FACTS, "/") == listed


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("path", "code", "name"), PLACES)
def test_a_place_has_a_code_at_first_and_a_name_since(
    prefix: str, path: str, code: str, name: str
) -> None:
    first = prefix in ("/", "/1.0/")
    assert answer(FACTS, f"{prefix}meta-data/{path}") == (code if first else name)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("path", "value"), NEWER_LEAVES, ids=[path for path, _ in NEWER_LEAVES])
def test_what_came_later_is_not_in_the_first_version(prefix: str, path: str, value: str) -> None:
    first = prefix in ("/", "/1.0/")
    assert answer(FACTS, f"{prefix}meta-data/{path}") == (None if first else value)


def test_a_listing_has_what_its_version_has() -> None:
    first = "hostname instance-id instance-name local-ipv4 mac network/ placement/ public-ipv4 uuid"
    newer = "app-id instance/ payment/"
    for path in ("/meta-data/", "/1.0/meta-data"):
        assert listed(path) == set(first.split())
    for version in NEWER:
        cam = {"cam/"} if version in WITH_ROLES else set()
        found = listed(f"/{version}/meta-data/", WITH_ROLE)
        assert found == {*first.split(), *newer.split()} | cam
    assert listed(f"/{MACS}/", FACTS, "meta-data") == {
        "local-ipv4s/", "mac", "primary-local-ipv4", "public-ipv4s",
    }  # fmt: skip
    assert listed("/latest/meta-data/payment/") == {"charge-type", "create-time"}
    assert listed("/latest/meta-data/instance/") == {"image-id", "instance-type", "security-group"}


def listed(path: str, facts: Facts = FACTS, under: str = "") -> set[str]:
    body = answer(facts, f"/{under}{path}" if under else path)
    assert isinstance(body, str)
    return set(body.split("\n"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_role_and_its_credentials_came_last(version: str) -> None:
    base = f"/{version}/meta-data/cam/security-credentials"
    if version not in WITH_ROLES:
        assert answer(WITH_ROLE, f"{base}/") is None
        assert answer(WITH_ROLE, f"{base}/reader") is None
        return
    assert answer(WITH_ROLE, base) == answer(WITH_ROLE, f"{base}/") == "reader"
    body = answer(WITH_ROLE, f"{base}/reader")
    assert isinstance(body, str)
    assert json.loads(body) == {
        "TmpSecretId": "AKIDtmp-1",
        "TmpSecretKey": "key",
        "ExpiredTime": 1_700_003_600,
        "Expiration": "2023-11-14T23:13:20Z",
        "Token": "token",
        "Code": "Success",
    }
    assert answer(WITH_ROLE, f"{base}/another") is None


def test_without_a_role_there_is_no_cam() -> None:
    assert answer(FACTS, "/latest/meta-data/cam/") is None
    assert answer(FACTS, "/latest/meta-data/cam/security-credentials/") is None
    assert "cam/" not in listed("/latest/meta-data/")


def test_a_secret_is_in_no_repr() -> None:
    assert "token" not in repr(WITH_ROLE)
    assert "'key'" not in repr(WITH_ROLE)


@pytest.mark.parametrize("version", VERSIONS)
def test_user_data_is_as_it_was_before_base64(version: str) -> None:
    assert answer(WITH_ROLE, f"/{version}/user-data") == b"#!/bin/sh\n\0\xff"
    assert answer(WITH_ROLE, f"/{version}/") == "meta-data/\nuser-data"
    assert answer(FACTS, f"/{version}/user-data") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_the_meta_data(version: str) -> None:
    assert answer(FACTS, f"/{version}/") == answer(FACTS, f"/{version}") == "meta-data/"


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there_has_no_answer(path: str) -> None:
    assert answer(FACTS, path) is None


@pytest.mark.parametrize("mac", [MAC, MAC.lower(), "52:54:00:aB:Cd:0e"])
def test_a_mac_is_found_in_either_case(mac: str) -> None:
    assert answer(FACTS, f"/meta-data/network/interfaces/macs/{mac}/mac") == MAC


@pytest.mark.parametrize("path", PUBLIC_LEAVES)
def test_without_a_public_address_there_is_no_leaf_of_it(path: str) -> None:
    assert answer(PRIVATE, f"/meta-data/{path}") is None


@pytest.mark.parametrize("path", ["", f"{MACS}/", f"{LOCAL}/"])
def test_without_a_public_address_no_directory_lists_one(path: str) -> None:
    gone = listed(f"/meta-data/{path}") - listed(f"/meta-data/{path}", PRIVATE)
    assert gone == {next(p for p in PUBLIC_LEAVES if p.rpartition("/")[0] == path.rstrip("/"))
                    .rpartition("/")[2]}  # fmt: skip


@pytest.mark.parametrize("facts", [FACTS, PRIVATE, WITH_ROLE], ids=["public", "private", "role"])
def test_every_listed_entry_can_be_asked_for(facts: Facts) -> None:
    leaves = 0
    waiting = [f"/{version}/" for version in VERSIONS]
    while waiting:
        path = waiting.pop()
        body = answer(facts, path)
        assert body is not None, path
        if path.endswith("/"):
            assert isinstance(body, str)
            waiting += [path + name for name in body.split("\n")]
        else:
            leaves += 1
    each = len(LEAVES) + len(PLACES)
    expected = len(VERSIONS) * each + len(NEWER) * len(NEWER_LEAVES)
    if facts is PRIVATE:
        expected -= len(VERSIONS) * len(PUBLIC_LEAVES)
    if facts is WITH_ROLE:
        expected += len(VERSIONS) + len(WITH_ROLES)
    assert leaves == expected


@given(st.lists(st.sampled_from(["", *VERSIONS, "meta-data", "network", "mac", MAC, ":", "x"])))
def test_no_path_raises(parts: list[str]) -> None:
    body = answer(FACTS, "/" + "/".join(parts))
    assert body is None or body

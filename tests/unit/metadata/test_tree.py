from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.metadata.tree import VERSIONS, Facts, answer

MAC = "52:54:00:AB:CD:0E"
FACTS = Facts(
    instance_id="ins-0001",
    name="web 网",
    uuid="2a7f0c52-0000-4000-8000-000000000001",
    mac="52:54:00:ab:cd:0e",
    local_ipv4="10.0.0.2",
    public_ipv4="203.0.113.9",
    gateway="10.0.0.1",
    subnet_mask="255.255.0.0",
    region="ap-lab",
    zone="ap-lab-1",
    vpc_id="vpc-0001",
    subnet_id="subnet-0001",
    owner_id="1250000000",
)
PRIVATE = replace(FACTS, public_ipv4=None)
MACS = f"network/interfaces/macs/{MAC}"
LOCAL = f"{MACS}/local-ipv4s/10.0.0.2"

LEAVES = [
    ("instance-id", "ins-0001"),
    ("instance-name", "web 网"),
    ("uuid", "2a7f0c52-0000-4000-8000-000000000001"),
    ("mac", MAC),
    ("local-ipv4", "10.0.0.2"),
    ("public-ipv4", "203.0.113.9"),
    ("placement/region", "ap-lab"),
    ("placement/zone", "ap-lab-1"),
    (f"{MACS}/mac", MAC),
    (f"{MACS}/owner-id", "1250000000"),
    (f"{MACS}/primary-local-ipv4", "10.0.0.2"),
    (f"{MACS}/public-ipv4s", "203.0.113.9"),
    (f"{MACS}/subnet-id", "subnet-0001"),
    (f"{MACS}/vpc-id", "vpc-0001"),
    (f"{LOCAL}/gateway", "10.0.0.1"),
    (f"{LOCAL}/local-ipv4", "10.0.0.2"),
    (f"{LOCAL}/public-ipv4", "203.0.113.9"),
    (f"{LOCAL}/public-ipv4-mode", "NAT"),
    (f"{LOCAL}/subnet-mask", "255.255.0.0"),
]
DIRECTORIES = [
    ("", "instance-id instance-name local-ipv4 mac network/ placement/ public-ipv4 uuid"),
    ("network/", "interfaces/"),
    ("network/interfaces/", "macs/"),
    ("network/interfaces/macs/", f"{MAC}/"),
    (f"{MACS}/", "local-ipv4s/ mac owner-id primary-local-ipv4 public-ipv4s subnet-id vpc-id"),
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
    pytest.param("/latest/user-data", id="another-tree"),
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
    assert answer(FACTS, "/") == "1.0\n2017-09-19\nlatest\nmeta-data"


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
    with_it = answer(FACTS, f"/meta-data/{path}")
    without = answer(PRIVATE, f"/meta-data/{path}")
    assert with_it is not None
    assert without is not None
    gone = set(with_it.split("\n")) - set(without.split("\n"))
    assert gone == {next(p for p in PUBLIC_LEAVES if p.rpartition("/")[0] == path.rstrip("/"))
                    .rpartition("/")[2]}  # fmt: skip


@pytest.mark.parametrize("facts", [FACTS, PRIVATE], ids=["public", "private"])
def test_every_listed_entry_can_be_asked_for(facts: Facts) -> None:
    leaves = 0
    waiting = [f"/{version}/" for version in VERSIONS]
    while waiting:
        path = waiting.pop()
        body = answer(facts, path)
        assert body is not None, path
        if path.endswith("/"):
            waiting += [path + name for name in body.split("\n")]
        else:
            leaves += 1
    missing = len(PUBLIC_LEAVES) if facts is PRIVATE else 0
    assert leaves == len(VERSIONS) * (len(LEAVES) - missing)


@given(st.lists(st.sampled_from(["", *VERSIONS, "meta-data", "network", "mac", MAC, ":", "x"])))
def test_no_path_raises(parts: list[str]) -> None:
    body = answer(FACTS, "/" + "/".join(parts))
    assert body is None or body

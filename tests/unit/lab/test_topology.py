import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lab.topology import Topology, TopologyError, save, saved
from gateway.site.site import Site, Uplink

EVERY_FIELD = """
name = "edge-2"
internet = "192.0.2.0/28"
clients = ["192.0.2.5"]
pool = "198.18.0.0/24"
vpc = "172.16.0.0/12"
quarantine_s = 5
mark_mask = 0xc0
"""

WRONG = [
    pytest.param({"name": ""}, "can't name a lab", id="name-empty"),
    pytest.param({"name": "Lab"}, "can't name a lab", id="name-upper-case"),
    pytest.param({"name": "1lab"}, "can't name a lab", id="name-digit-first"),
    pytest.param({"name": "a/b"}, "can't name a lab", id="name-slash"),
    pytest.param({"name": "a.b"}, "can't name a lab", id="name-dot"),
    pytest.param({"name": "lab\n"}, "can't name a lab", id="name-newline"),
    pytest.param({"name": "a" * 21}, "can't name a lab", id="name-too-long"),
    pytest.param({"name": 7}, "name has a value of the wrong type: 7", id="name-number"),
    pytest.param({"quarantine_s": -0.5}, "0 or more", id="quarantine-negative"),
    pytest.param({"quarantine_s": "60"}, "wrong type", id="quarantine-text"),
    pytest.param({"quarantine_s": True}, "wrong type", id="quarantine-bool"),
    pytest.param({"quarantine_s": float("nan")}, "0 or more", id="quarantine-nan"),
    pytest.param({"quarantine_s": float("inf")}, "0 or more", id="quarantine-endless"),
    pytest.param({"mark_mask": 5}, "mark_mask: 0x5 is no mask of two", id="mask-of-other-bits"),
    pytest.param({"mark_mask": "0x3000"}, "wrong type", id="mask-text"),
    pytest.param({"mark_mask": True}, "wrong type", id="mask-bool"),
    pytest.param({"pool": "203.0.113.1/24"}, "pool: ", id="host-bits"),
    pytest.param({"pool": "203.0.113.0"}, "prefix from /12 to /30", id="no-prefix"),
    pytest.param({"pool": "203.0.113.0/31"}, "prefix from /12 to /30", id="prefix-31"),
    pytest.param({"pool": "203.0.113.0/33"}, "pool: ", id="prefix-33"),
    pytest.param({"vpc": "10.0.0.0/11"}, "vpc: 10.0.0.0/11 must have", id="prefix-11"),
    pytest.param({"vpc": "2001:db8::/64"}, "vpc: ", id="ipv6"),
    pytest.param({"vpc": "somewhere"}, "vpc: ", id="no-network"),
    pytest.param({"vpc": ["10.0.0.0/16"]}, "wrong type", id="network-list"),
    pytest.param({"vpc": None}, "wrong type", id="network-null"),
    pytest.param({"vpc": "203.0.0.0/16"}, "pool and vpc overlap", id="pool-in-vpc"),
    pytest.param({"vpc": "198.51.0.0/16"}, "internet and vpc overlap", id="internet-in-vpc"),
    pytest.param({"pool": "198.51.100.0/25"}, "internet and pool overlap", id="pool-in-internet"),
    pytest.param({"clients": ["10.0.0.9"]}, "client 10.0.0.9 is not in", id="client-elsewhere"),
    pytest.param({"clients": [3325256714]}, "3325256714 is no address", id="client-number"),
    pytest.param({"pool": "224.0.0.0/24"}, "224.0.0.0/4 is multicast", id="pool-multicast"),
    pytest.param({"vpc": "127.0.0.0/16"}, "127.0.0.0/8 is loopback", id="vpc-loopback"),
    pytest.param({"vpc": "169.254.0.0/16"}, "169.254.0.0/16 is link-local", id="vpc-metadata"),
    pytest.param({"vpc": "169.254.0.64/26"}, "169.254.0.0/16 is link-local", id="vpc-api"),
    *(
        pytest.param({field: network}, f"{field}: {network} can't work", id=f"{field}-{network}")
        for field in ("pool", "vpc", "internet")
        for network in (
            "0.0.0.0/16",
            "0.255.255.0/24",
            "127.255.0.0/24",
            "169.254.200.0/24",
            "224.0.0.0/24",
            "239.255.0.0/16",
            "240.0.0.0/12",
            "255.255.255.0/24",
        )
    ),
    pytest.param({"clients": ["198.51.100.1"]}, "is taken by", id="client-is-the-router"),
    pytest.param({"clients": ["198.51.100.254"]}, "is taken by", id="client-is-the-uplink"),
    pytest.param({"clients": ["198.51.100.0"]}, "network or broadcast", id="client-network"),
    pytest.param({"clients": ["198.51.100.255"]}, "network or broadcast", id="client-broadcast"),
    pytest.param({"clients": ["198.51.100.9"] * 2}, "is there twice", id="client-twice"),
    pytest.param({"pool": "203.0.113.0/255.255.255.0"}, "as 203.0.113.0/24", id="netmask"),
    pytest.param({"clients": ["client"]}, "clients: ", id="client-no-address"),
    pytest.param({"clients": "198.51.100.10"}, "wrong type", id="clients-text"),
    pytest.param({"gateway": "x"}, "unknown field 'gateway': there are clients, in", id="unknown"),
]


def test_the_defaults_are_a_topology() -> None:
    topology = Topology()
    assert topology.internet_address == "198.51.100.1"
    assert topology.uplink_address == "198.51.100.254"
    assert topology.internet_prefix == 24
    assert topology.vpc_gateway == "10.0.0.1"
    assert topology.vpc_prefix == 16


@pytest.mark.parametrize("name", ["a", "lab", "edge-2", "a" * 20])
def test_a_name_of_letters_digits_and_dashes_is_taken(name: str) -> None:
    assert Topology(name=name).name == name


@pytest.mark.parametrize("prefix", [12, 13, 29, 30])
def test_the_prefixes_at_the_ends_are_taken(prefix: int) -> None:
    assert Topology(vpc=f"10.0.0.0/{prefix}").vpc_prefix == prefix


def test_the_smallest_internet_has_a_router_and_an_uplink() -> None:
    topology = Topology(internet="198.51.100.0/30", clients=())
    assert (topology.internet_address, topology.uplink_address) == ("198.51.100.1", "198.51.100.2")


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_a_mistake_is_said_in_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(TopologyError) as refused:
        Topology.from_values(values)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_field_can_be_set_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(EVERY_FIELD)
    loaded = Topology.load(path)
    assert loaded == Topology(
        "edge-2", "192.0.2.0/28", ("192.0.2.5",), "198.18.0.0/24", "172.16.0.0/12", 5, 0xC0
    )
    default = Topology()
    same = [f.name for f in fields(Topology) if getattr(loaded, f.name) == getattr(default, f.name)]
    assert same == []


def test_what_a_file_leaves_out_is_as_by_default(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text("quarantine_s = 1.5\n")
    assert Topology.load(path) == replace(Topology(), quarantine_s=1.5)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"name = ", id="no-toml"),
        pytest.param(b"name = '\xff'", id="no-utf-8"),
        pytest.param(b"[name]\nx = 1", id="a-table"),
        pytest.param(None, id="no-file"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "lab.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TopologyError):
        Topology.load(path)


TEXT = st.text("ab0129./-: \n", max_size=20)  # a narrow alphabet gets near to what is right


@given(
    st.dictionaries(
        st.sampled_from([field.name for field in fields(Topology)]),
        TEXT | st.integers() | st.booleans() | st.none() | st.lists(TEXT),
    )
)
def test_no_values_raise_anything_else(values: dict[str, Any]) -> None:
    try:
        topology = Topology.from_values(values)
    except TopologyError:
        return
    clients = {"clients": tuple(values["clients"])} if "clients" in values else {}
    assert topology == replace(Topology(), **values | clients)


def test_a_lab_that_is_not_up_has_no_topology(tmp_path: Path) -> None:
    assert saved(tmp_path) is None


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    topology = Topology(name="edge", clients=(), quarantine_s=0.25)
    run = tmp_path / "edge"
    save(Topology(name="edge"), run)
    save(topology, run)
    assert saved(run) == topology
    assert [path.name for path in run.iterdir()] == ["topology.json"]


def test_a_save_that_was_interrupted_is_not_read(tmp_path: Path) -> None:
    save(Topology(name="edge"), tmp_path)
    (tmp_path / "topology.json.new").write_text("{")
    assert saved(tmp_path) == Topology(name="edge")


def test_a_topology_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "topology.json").write_text(json.dumps({"name": "edge", "colour": "red"}))
    with pytest.raises(TopologyError, match="unknown field 'colour'"):
        saved(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "3", ""])
def test_a_damaged_topology_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "topology.json").write_text(text)
    with pytest.raises(TopologyError, match="'tgw lab down' removes it"):
        saved(tmp_path)


def test_its_site_is_the_gateway_between_internet_and_vpc() -> None:
    found = Topology(name="edge", vpc="172.16.0.0/16").site
    assert found == Site(
        "edge",
        "tgw.edge.gateway",
        Uplink("uplink", "198.51.100.254", 24, next_hop="198.51.100.1"),
        pools=("203.0.113.0/24",),
        addresses=("172.16.0.1", "169.254.0.23", "169.254.0.95", "169.254.169.254"),
        private=("172.16.0.0/16",),
    )

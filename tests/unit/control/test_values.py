"""Values that say something of themselves."""

from ipaddress import IPv4Network

from gateway.control.values import InstanceType
from gateway.control.values.ranges import unusable


def test_the_family_of_a_type_is_what_stands_before_its_size() -> None:
    assert InstanceType("S5.MEDIUM4", 2, 4).family == "S5"


def test_no_host_has_an_address_of_a_reserved_range() -> None:
    for network, word in (
        ("0.0.0.0/8", "this network"),
        ("127.0.0.0/24", "loopback"),
        ("169.254.0.0/17", "link-local"),
        ("224.0.0.0/3", "multicast"),
        ("255.255.255.255/32", "reserved"),
        ("126.0.0.0/7", "loopback"),
    ):
        assert word in unusable(IPv4Network(network)), network
    for network in ("1.0.0.0/8", "10.0.0.0/8", "169.255.0.0/16", "223.255.255.0/24"):
        assert unusable(IPv4Network(network)) == "", network

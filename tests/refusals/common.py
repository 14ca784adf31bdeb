"""The refusals that several actions have in common."""

from collections.abc import Callable
from typing import Any

from refusals.situations import (
    MANY,
    NO_BWP,
    NO_EIP,
    NO_INS,
    Rows,
    V,
    filtered,
    ids,
    on,
    ordinary_id,
    package,
    plain,
)
from support.world import World


def written(state: Callable[[World], str] | None, **more: Any) -> Rows:
    """The rows of what changes instances."""
    rows: Rows = {
        "InvalidInstanceId.Malformed": on("web", **more),
        "InvalidInstanceId.NotFound": on(NO_INS, **more),
        f"{V}.LimitExceeded": plain(InstanceIds=ids(101), **more),
    }
    return rows | ({"UnsupportedOperation.InstanceState*": on(state, **more)} if state else {})


def of_address(**more: Any) -> Rows:
    """The rows of what is about one EIP."""
    return {
        f"{V}.AddressIdMalformed": plain(AddressId="eip-x", **more),
        "InvalidAddressId.NotFound": plain(AddressId=NO_EIP, **more),
    }


def of_addresses(**more: Any) -> Rows:
    """The rows of what is about several EIPs."""
    return {
        f"{V}.AddressIdMalformed": plain(AddressIds=["x"], **more),
        "InvalidAddressId.NotFound": plain(AddressIds=[NO_EIP], **more),
        f"{V}.AddressTypeConflict": lambda world: {"AddressIds": [ordinary_id(world)], **more},
        f"{V}.LimitExceeded": plain(AddressIds=ids(101, "eip"), **more),
    }


def of_package(**more: Any) -> Rows:
    """The rows of what is about one package."""
    return {
        f"{V}.BandwidthPackageIdMalformed": plain(BandwidthPackageId="bwp", **more),
        f"{V}.BandwidthPackageNotFound": plain(BandwidthPackageId=NO_BWP, **more),
    }


def of_tags(**more: Any) -> Rows:
    """The rows of what makes things in service vpc."""
    return {
        f"{V}.InvalidTag": plain(Tags=[{"Key": ""}], **more),
        "LimitExceeded.TagQuota": plain(Tags=MANY, **more),
    }


def of_members(**more: Any) -> Rows:
    """The rows of what is about members."""
    return {
        **of_package(ResourceIds=[NO_EIP]),
        f"{V}.ResourceIdMalformed": plain(BandwidthPackageId=NO_BWP, ResourceIds=["lb-1"]),
        f"{V}.ResourceNotFound": lambda world: {
            "BandwidthPackageId": package(world),
            "ResourceIds": [NO_EIP],
        },
        f"{V}.LimitExceeded": plain(BandwidthPackageId=NO_BWP, ResourceIds=ids(101, "eip")),
    }


def of_network(parameter: str, prefix: str, here: str) -> Rows:
    """The rows of what lists the private network."""
    return {
        f"{V}.Malformed": plain(**{parameter: ["x"]}),
        "ResourceNotFound": plain(**{parameter: [f"{prefix}-00000000"]}),
        "InvalidParameter.Coexist": plain(**{parameter: [here]}, **filtered("tag-key", "x")),
        "InvalidParameter.FilterInvalidKey": plain(**filtered("colour", "red")),
        f"{V}.LimitExceeded": plain(Limit="101"),
    }

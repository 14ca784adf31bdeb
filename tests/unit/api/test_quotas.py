"""Several at once, client tokens and quotas, as the API has them."""

from typing import Any

import pytest
from support.api import call, refusal
from support.world import World

ACTIONS = [("RunInstances", "InstanceCount", "InstanceIdSet")]
ACTIONS += [("AllocateAddresses", "AddressCount", "AddressSet")]


@pytest.mark.parametrize(("action", "count", "answer"), ACTIONS)
def test_several_are_had_by_one_call_and_once_by_one_token(
    world: World, action: str, count: str, answer: str
) -> None:
    request: dict[str, Any] = {count: 3, "ClientToken": "once"}
    ids = call(world, action, request)[answer]
    assert len(set(ids)) == 3
    before = world.records()
    assert call(world, action, request)[answer] == ids
    assert world.records() == before
    world.assert_settled()
    world.restart()
    assert call(world, action, request)[answer] == ids
    conflict = refusal(world, action, request | {count: 2})
    assert conflict.code in ("InvalidParameterConflict", "InvalidParameter.ParameterConflict")
    long = refusal(world, action, {"ClientToken": "x" * 65})
    assert long.code in ("InvalidClientToken.TooLong", "InvalidParameterValue")


def test_one_machine_that_fails_does_not_keep_the_others_of_its_call_from_running(
    world: World,
) -> None:
    world.faults.break_("connect")
    assert len(call(world, "RunInstances", {"InstanceCount": 2})["InstanceIdSet"]) == 2
    with world.control.state() as state:
        assert {one.state.value for one in state.instances.values()} == {"LAUNCH_FAILED"}
    world.assert_settled()


def test_quotas_are_described(world: World) -> None:
    call(world, "ReleaseAddresses", {"AddressIds": [world.allocate()]})
    world.allocate()
    rows = call(world, "DescribeAddressQuota", {})["QuotaSet"]
    assert [(row["QuotaId"], row["QuotaCurrent"], row["QuotaLimit"]) for row in rows] == [
        ("TOTAL_EIP_QUOTA", 1, 20),
        ("DAILY_EIP_APPLY", 2, 40),
        ("DAILY_PUBLIC_IP_ASSIGN", 0, 10),
        ("MONTHLY_RECOVER_QUOTA", 0, 0),
        ("LOCALBGP_EIP_QUOTA", 0, 0),
        ("SINGLEISP_EIP_QUOTA", 0, 0),
        ("DAILY_SINGLEISP_APPLY", 0, 0),
    ]
    assert {row["QuotaGroup"] for row in rows} == {"ap-guangzhou"}


def test_more_than_the_quota_has_the_clouds_code(world: World) -> None:
    refused = refusal(world, "AllocateAddresses", {"AddressCount": 21})
    assert refused.code == "AddressQuotaLimitExceeded"

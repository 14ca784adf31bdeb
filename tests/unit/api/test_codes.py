"""Every error code that the document lists for an action, had from that action."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from refusals import addresses, groups, instances, packages, places, tags
from refusals.situations import Prepare, Rows
from support.api import refusal
from support.world import World
from tencentcloud.cvm.v20170312 import errorcodes as cvm_codes
from tencentcloud.monitor.v20180724 import errorcodes as monitor_codes
from tencentcloud.sts.v20180813 import errorcodes as sts_codes
from tencentcloud.tag.v20180813 import errorcodes as tag_codes
from tencentcloud.vpc.v20170312 import errorcodes as vpc_codes

from gateway.api.cloud_codes import by_action
from gateway.api.codes import EVERYWHERE
from gateway.api.registry import ACTIONS, ALL_ACTIONS, code_of
from gateway.api.shapes import extract
from gateway.api.shapes.extract import VERSIONS

CLIENT = """
// DescribeZones
// It lists zones.
//
// error code that may be returned:
//  FAILEDOPERATION = "FailedOperation"
//  SOME_CODE = "Some.Code"
func (c *Client) DescribeZones(request *DescribeZonesRequest) (response *R, err error) {
    return c.DescribeZonesWithContext(context.Background(), request)
}

// DescribeVpcs
func (c *Client) DescribeVpcs(request *DescribeVpcsRequest) (response *R, err error) {
}

// Another
//  OTHER = "Other"
func (c *Client) NotHere(request *NotHereRequest) (response *R, err error) {
}
"""
CODES = {name: action.declared.codes for name, action in ACTIONS.items()}
NAMES = {name: f"{action.declared.service.name}.{name}" for name, action in ACTIONS.items()}
ROWS: dict[str, Rows] = {
    **instances.ROWS,
    **addresses.ROWS,
    **packages.ROWS,
    **places.ROWS,
    **tags.ROWS,
    **groups.ROWS,
}
# Those of GetResources have their rows where tags are tested.
ELSEWHERE = {"GetResources"} | {name for name, codes in CODES.items() if not codes}
TABLE = [(action, code, row) for action, rows in ROWS.items() for code, row in rows.items()]


@pytest.mark.parametrize(("action", "code", "prepare"), TABLE)
def test_the_code_is_had(world: World, action: str, code: str, prepare: Prepare) -> None:
    request = prepare(world)
    refused = refusal(world, action, request)
    wanted = code if code in CODES[action] else code_of(ACTIONS[action], code)
    assert fnmatchcase(refused.code, wanted), refused.message
    assert refused.code in by_action()[NAMES[action]] | EVERYWHERE.keys()


@pytest.mark.parametrize("action", sorted(CODES.keys() - ELSEWHERE))
def test_every_code_that_is_listed_has_a_row(action: str) -> None:
    had = {code for code in ROWS[action] if code in CODES[action]}
    assert sorted(had) == sorted(CODES[action])
    assert all(code_of(ACTIONS[action], code) in EVERYWHERE for code in ROWS[action].keys() - had)


@pytest.mark.parametrize("action", CODES)
def test_every_code_that_is_listed_is_one_that_the_cloud_documents_for_the_action(
    action: str,
) -> None:
    codes = by_action()[NAMES[action]] | EVERYWHERE.keys()
    for code in CODES[action]:
        assert any(fnmatchcase(one, code) for one in codes), code


def test_the_codes_of_all_actions_are_known_to_the_clouds_sdk_or_are_common() -> None:
    known = {
        value
        for module in (cvm_codes, vpc_codes, tag_codes, monitor_codes, sts_codes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    for name, codes in by_action().items():
        unknown = codes - known
        assert not unknown, f"{name}: {sorted(unknown)}"


@pytest.mark.parametrize(
    ("action", "code", "answered"),
    [
        ("AllocateAddresses", "InvalidParameterValue.Range", "InvalidParameterValue.Range"),
        ("AllocateAddresses", "InvalidParameterValue.TooLong", "InvalidParameterValue"),
        ("CreateBandwidthPackage", "LimitExceeded.TagQuota", "LimitExceeded"),
        ("ReturnNormalAddresses", "OperationDenied.MutexTaskRunning", "ResourceInUse"),
        ("ReturnNormalAddresses", "InvalidAddressId.Blocked", "UnsupportedOperation"),
        ("DescribeAddressQuota", "InvalidAddressId.NotFound", "ResourceNotFound"),
        ("DescribeAddressQuota", "Never.Heard.Of", "FailedOperation"),
        (
            "RebootInstances",
            "UnsupportedOperation.InstanceStateLaunchFailed",
            "UnsupportedOperation",
        ),
        ("DescribeUsage", "Never.Heard.Of", "Never.Heard.Of"),  # the operator's
    ],
)
def test_a_code_that_an_action_does_not_document_gives_way(
    action: str, code: str, answered: str
) -> None:
    assert code_of(ALL_ACTIONS[action], code) == answered


def test_the_codes_come_from_the_comments_of_the_clouds_sdk_for_go(tmp_path: Path) -> None:
    for name, version in VERSIONS.items():
        file = tmp_path / "tencentcloud" / name / f"v{version.replace('-', '')}" / "client.go"
        file.parent.mkdir(parents=True)
        file.write_text(CLIENT)
    assert list(extract.codes(tmp_path)) == [
        "cvm.DescribeZones FailedOperation Some.Code",
        "vpc.DescribeVpcs",
    ]

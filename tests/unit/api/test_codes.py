"""Every error code that the document lists for an action, had from that action."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from refusals import addresses, instances, packages, places, tags
from refusals.situations import Prepare, Rows
from support.api import refusal
from support.world import World
from tencentcloud.cvm.v20170312 import errorcodes as cvm_codes
from tencentcloud.tag.v20180813 import errorcodes as tag_codes
from tencentcloud.vpc.v20170312 import errorcodes as vpc_codes

from gateway.api.codes import EVERYWHERE
from gateway.api.registry import ACTIONS

CODES = {name: action.declared.codes for name, action in ACTIONS.items()}
ROWS: dict[str, Rows] = {
    **instances.ROWS,
    **addresses.ROWS,
    **packages.ROWS,
    **places.ROWS,
    **tags.ROWS,
}
# Those of GetResources have their rows where tags are tested.
ELSEWHERE = {"GetResources"} | {name for name, codes in CODES.items() if not codes}
TABLE = [(action, code, row) for action, rows in ROWS.items() for code, row in rows.items()]


@pytest.mark.parametrize(("action", "code", "prepare"), TABLE)
def test_the_code_is_had(world: World, action: str, code: str, prepare: Prepare) -> None:
    request = prepare(world)
    refused = refusal(world, action, request)
    assert fnmatchcase(refused.code, code), refused.message


@pytest.mark.parametrize("action", sorted(CODES.keys() - ELSEWHERE))
def test_every_code_that_is_listed_has_a_row(action: str) -> None:
    assert sorted(ROWS[action]) == sorted(CODES[action])


def known(*modules: Any) -> set[str]:
    """The codes that the cloud's SDK knows."""
    return {
        value for module in modules for value in vars(module).values() if isinstance(value, str)
    }


# In the cloud's documents, though not in its SDK.
DOCUMENTED = {
    "InvalidParameterCombination",
    "ResourceInsufficient",
    "InvalidNetworkInterfaceId.NotFound",
    "UnsupportedOperation.InstanceState*",
}


@pytest.mark.parametrize("action", CODES)
def test_the_codes_are_the_clouds(action: str) -> None:
    codes = known(cvm_codes, vpc_codes, tag_codes) | EVERYWHERE.keys() | DOCUMENTED
    assert set(CODES[action]) <= codes

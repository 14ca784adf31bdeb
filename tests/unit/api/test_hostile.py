"""Every action with hostile values in every parameter: all end by an answer or a clear refusal.

The values are JSON as a client can send it. Afterwards the log is replayed, so what was taken can
be kept, too.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from support.api import call, context
from support.world import World

from gateway.api import registry
from gateway.api.action import Action, Context
from gateway.api.errors import ApiError
from gateway.api.registry import ALL_ACTIONS
from gateway.api.server import json_object
from gateway.api.shapes import SCALARS, Service

STRINGS: Final = (
    r"\ud800", r"a\udfffb", r"\udc80", r"\u0000", r"a\u0000b", r"\u202eevil", r"\u200b", r"\ufeff",
    r"\uffff", r"\ud83d\ude00", r"\n", r"a\r\nX: y", r"\t", r"\u001b[2J", r"\u0085", r"\u2028",
    "", " ", ".", "..", "/", "../../etc/passwd", "-", "--help", "'", "; DROP TABLE events", "%s%n",
    "{0}", "${x}", "$(reboot)", "*", "\\\\", "ins-00000000", "eip-ZZZZZZZZ", r"ins-1234567\uff18",
    "0", "-0", "+1", "1e400", "1_000", "0x10", "٣", "9" * 19, "9" * 400, "NaN", "x" * 70_000,
    "0000-00-00 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-02-30 00:00:00",
    "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00+24:00",
    "1970-01-01T00:00:00Z", "255.255.255.255", "203.0.113.1/24", "::ffff:203.0.113.1", "1.2.3.٤",
)  # fmt: skip
NUMBERS: Final = (
    "0", "-0", "-1", "0.0", "-0.5", "1.0", "1e2", "1e400", "-1e400", "5e-324", "1" + "0" * 309,
    "9" * 4000, "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "253402300800", "1e18", "1000000000000000000",
)  # fmt: skip
OTHERS: Final = (
    "null", "true", "false", "[]", "{}", "[[]]", "[null]", '[""]', '{"":1}', '{"a":{"b":[{}]}}',
    "[" * 500 + "]" * 500, '{"a":' * 400 + "1" + "}" * 400, "[" + "0," * 1000 + "0]",
    "[1e400]", '["\\ud800"]', '{"\\ud800":1}',
)  # fmt: skip
BROKEN: Final = (
    b"", b"[]", b"null", b"{", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":\xff}', b"\xff\xfe{\0}\0",
    b"\xef\xbb\xbf{}", b'{"a":' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000,
    b'{"a":1,"a":2}', b"{}{}", b'{"a":"\\ud8"}', b'{"\\ud800":1}', b'{"a":01}', b"{'a':1}",
)  # fmt: skip
HOSTILE: Final = (*(f'"{one}"' for one in STRINGS), *NUMBERS, *OTHERS)
# No word of Python's, and nothing that moves the cursor of a terminal.
PYTHON: Final = re.compile(
    r"\b(tuple|dict|NoneType|None|True|False|str|int|float|bool|Traceback|codec|ordinal|recursion"
    r"|surrogates|Input should|pydantic|sys|<class|object at|Error)\b"
)
PLACE: Final = "@"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world whose log is a file, with addresses enough for what is bought."""
    with closing(World(tmp_path)) as made:
        yield made


def known(world: World) -> dict[str, Any]:
    """Values of parameters that are right, so that the others are looked at."""
    instance_id, eip_id = world.run(), world.allocate()
    package_id = call(world, "CreateBandwidthPackage", {})["BandwidthPackageId"]
    dimensions = [{"Name": "eip", "Value": "203.0.113.1"}]
    return {
        "InstanceIds": [instance_id],
        "InstanceId": instance_id,
        "AddressIds": [eip_id],
        "AddressId": eip_id,
        "ResourceIds": [eip_id],
        "BandwidthPackageId": package_id,
        "InternetMaxBandwidthOut": 5,
        "InternetMaxBandwidth": 5,
        "InternetAccessible": {"InternetMaxBandwidthOut": 5},
        "InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR",
        "Name": "eip",
        "Namespace": "QCE/LB",
        "MetricName": "VipOutpkg",
        "Instances": [{"Dimensions": dimensions}],
        "Dimensions": dimensions,
        "AddressIps": ["203.0.113.1"],
        "Address": "203.0.113.1",
        "ResourceType": "instance",
        "Zone": "ap-guangzhou-3",
    }


def requests(
    service: Service, shape: str, good: dict[str, Any], depth: int = 0
) -> Iterator[dict[str, Any]]:
    """Requests with `PLACE` in one field each, at every depth; the needed fields are right."""
    fields = service.fields(shape)
    base = {
        name: good.get(name, [] if field.is_list else 1 if field.kind == "integer" else "x")
        for name, field in fields.items()
        if field.required
    }
    times = dict.fromkeys(("StartTime", "EndTime"), PLACE)
    if times.keys() <= fields.keys():
        yield base | times | {"Period": 86400}
    for name, field in fields.items():
        inner: list[Any] = [PLACE]
        others = base
        if field.kind not in SCALARS and depth < 3:
            inner += requests(service, field.kind, good, depth + 1)
            if "DryRun" in fields:  # most of it is ignored, and to buy takes time
                others = base | {"DryRun": True}
        for one in inner:
            yield others | {name: one}
            if field.is_list:
                yield others | {name: [one]}


def with_filters(action: type[Action]) -> Iterator[dict[str, Any]]:
    """Requests with each filter of the action's."""
    if action.declared.filters:
        for name in action.declared.filters.names():
            yield {"Filters": [{"Name": name, "Values": [PLACE]}]}


def offence(context: Context, action: str, body: bytes) -> str | None:
    """What is wrong with the outcome of a request, if anything is."""
    try:
        answer = registry.call(context, action, json_object(body), among=ALL_ACTIONS)
        json.dumps(answer, allow_nan=False).encode()
    except ApiError as refused:
        text = refused.message
        if refused.code == "InternalError":
            return f"InternalError: {text}"
        if not text or not text.isprintable() or len(text) > 1000:
            return f"no clear line: {text[:300]!r}"
        return f"Python: {text[:300]}" if PYTHON.search(text) else None
    except Exception as error:  # noqa: BLE001  that is what is looked for
        return f"{type(error).__name__}: {str(error)[:300]}"
    return None


@pytest.mark.parametrize("action", ALL_ACTIONS)
def test_no_value_is_met_but_by_an_answer_or_a_clear_refusal(world: World, action: str) -> None:
    kind = ALL_ACTIONS[action]
    on, good = context(world), known(world)
    found = set()
    for request in (
        *requests(kind.declared.service, f"{action}Request", good),
        *with_filters(kind),
    ):
        text = json.dumps(request)
        for value in HOSTILE:
            wrong = offence(on, action, text.replace(f'"{PLACE}"', value).encode())
            if wrong:
                found.add((text, value[:60], wrong))
    for name in STRINGS:
        wrong = offence(on, action, f'{{"{name}":1}}'.encode())
        if wrong:
            found.add(("a name", name[:60], wrong))
    assert sorted(found) == []
    world.restart()
    world.assert_settled()


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:12]))
def test_no_body_is_met_but_by_an_answer_or_a_clear_refusal(world: World, body: bytes) -> None:
    assert offence(context(world), "DescribeInstances", body) is None

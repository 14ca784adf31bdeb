"""The envelope over real HTTP on a real Unix socket."""

import json
import logging
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from support.api import Reply, call, post
from support.world import World

from gateway.api import bodies, server
from gateway.api.client import Client
from gateway.control.controller import Controller


def code(reply: Reply) -> str:
    """The error's code; that the envelope is the cloud's is asserted."""
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    response = reply.response
    assert response.keys() == {"Error", "RequestId"}
    assert response["Error"].keys() == {"Code", "Message"}
    assert response["Error"]["Message"]
    UUID(response["RequestId"])
    assert b"Traceback" not in reply.body
    return str(response["Error"]["Code"])


def test_an_answer_is_in_the_clouds_envelope(idle_socket_path: Path) -> None:
    reply = post(idle_socket_path, b'{"InstanceIds": []}', X_TC_Action="DescribeInstances")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json", "exactly, or SDKs see no errors"
    assert reply.response.keys() == {"TotalCount", "InstanceSet", "RequestId"}


def test_every_request_has_an_id_of_its_own(idle_socket_path: Path) -> None:
    ids = {
        post(idle_socket_path, b"{}", X_TC_Action=action).response["RequestId"]
        for action in ("DescribeInstances", "DescribeAddresses", "Nothing", "Nothing")
    }
    assert len(ids) == 4
    assert all(str(UUID(request_id)) == request_id for request_id in ids)


def test_no_body_is_no_parameters(idle_socket_path: Path) -> None:
    assert post(idle_socket_path, b"", X_TC_Action="DescribeAddresses").response["TotalCount"] == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "InvalidParameter"),
        (b"InstanceIds.0=ins-1", "InvalidParameter"),
        (b"\xff\xfe{}", "InvalidParameter"),
        (b'{"a": "\xff"}', "InvalidParameter"),
        (b"[]", "InvalidParameter"),
        (b"null", "InvalidParameter"),
        (b'"text"', "InvalidParameter"),
        (b"7", "InvalidParameter"),
        (b"[" * 100_000, "InvalidParameter"),
        (b'{"InstanceIds": ' + b"[" * 500 + b"]" * 500 + b"}", "InvalidParameter"),
        (b'{"InstanceIds": [' + b"9" * 5000 + b"]}", "InvalidParameter"),
        (b'{"Colour": NaN}', "InvalidParameter"),
        (b'{"\\ud800": 1}', "InvalidParameter"),
    ],
    ids=[
        "cut off",
        "a form",
        "no UTF-8",
        "no UTF-8 inside",
        "a list",
        "null",
        "a text",
        "a number",
        "too deep",
        "deep",
        "a huge number",
        "no number",
        "a name that is no text",
    ],
)
def test_a_body_that_is_no_request_is_refused(
    idle_socket_path: Path, body: bytes, expected: str
) -> None:
    assert code(post(idle_socket_path, body, X_TC_Action="DescribeInstances")) == expected


@pytest.mark.parametrize(
    "headers",
    [{}, {"X_TC_Action": ""}, {"X_TC_Action": "Nothing"}, {"X_TC_Action": "\xe9"}],
    ids=["none", "empty", "unknown", "not ascii"],
)
def test_an_action_that_is_not_there_is_refused(
    idle_socket_path: Path, headers: dict[str, str]
) -> None:
    assert code(post(idle_socket_path, b"{}", **headers)) == "InvalidAction"


def test_a_header_name_in_lower_case_is_understood(idle_socket_path: Path) -> None:
    assert "TotalCount" in post(idle_socket_path, b"{}", x_tc_action="DescribeInstances").response


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_refused(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_MAX", 1000)
    body = json.dumps({"InstanceIds": []}).encode()
    fits = body + b" " * (1000 - len(body))
    assert "TotalCount" in post(socket_path, fits, X_TC_Action="DescribeInstances").response
    reply = post(socket_path, fits + b" ", X_TC_Action="DescribeInstances")
    assert code(reply) == "RequestSizeLimitExceeded"


def test_the_largest_size_is_the_clouds() -> None:
    assert bodies.BODY_MAX == 10 * 1024 * 1024


def test_an_internal_failure_is_told_in_the_log_and_not_in_the_answer(
    socket_path: Path,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(Controller, "state", fails)
    with caplog.at_level(logging.ERROR):
        reply = post(socket_path, b"{}", X_TC_Action="DescribeInstances")
    assert code(reply) == "InternalError"
    assert b"secret" not in reply.body
    assert b"ZeroDivisionError" not in reply.body
    assert "ZeroDivisionError: a secret" in caplog.text
    monkeypatch.undo()
    assert "TotalCount" in post(socket_path, b"{}", X_TC_Action="DescribeInstances").response


def test_an_adapters_failure_is_an_internal_error_in_one_line(
    socket_path: Path, world: World
) -> None:
    world.faults.break_("append")
    assert code(post(socket_path, b"{}", X_TC_Action="AllocateAddresses")) == "InternalError"


def test_many_clients_at_once_are_all_answered(client: Client, world: World) -> None:
    answers: list[str] = []

    def allocate() -> None:
        answers.extend(client.call("AllocateAddresses")["AddressSet"])

    threads = [Thread(target=allocate) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(set(answers)) == 14
    world.assert_settled()


def test_an_instance_shows_its_latest_operation_and_the_request_for_it(
    world: World, socket_path: Path
) -> None:
    def ask(action: str, **parameters: object) -> str:
        body = json.dumps(parameters).encode()
        response = post(socket_path, body, X_TC_Action=action).response
        assert "Error" not in response
        return str(response["RequestId"])

    def latest() -> tuple[str, str]:
        (shown,) = call(world, "DescribeInstances", {})["InstanceSet"]
        return shown["LatestOperation"], shown["LatestOperationRequestId"]

    internet = {"InternetAccessible": {"InternetMaxBandwidthOut": 5}}
    request_id = ask("RunInstances", **internet)
    assert latest() == ("RunInstances", request_id)
    (shown,) = call(world, "DescribeInstances", {})["InstanceSet"]
    ids = {"InstanceIds": [shown["InstanceId"]]}
    more = {"InternetAccessible": {"InternetMaxBandwidthOut": 6}}
    for action, parameters in (
        ("StopInstances", ids),
        ("StartInstances", ids),
        ("RebootInstances", ids),
        ("ResetInstancesInternetMaxBandwidth", ids | more),
    ):
        request_id = ask(action, **parameters)
        assert latest() == (action, request_id)
    before = latest()
    ask("ModifyInstancesAttribute", **ids, InstanceName="x")
    world.save_snapshot()
    world.restart()
    assert latest() == before, "a name is no operation"

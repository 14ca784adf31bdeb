"""Signed requests over real HTTP on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.api import Reply, context
from support.signing import REGION, SECRET_ID, SECRET_KEY, v1, v3, v3_json
from support.tcp import Switch, send, served
from support.world import World

from gateway.api import signed_api
from gateway.api.bodies import BODY_MAX
from gateway.api.credentials import Credentials
from gateway.api.envelope import SIGNED
from gateway.api.rate import RateLimit
from gateway.api.signed_api import SignedApi
from gateway.api.temporary import PERIOD_S, RoleKeys, TemporaryCredentials
from gateway.control import commands as cmd
from gateway.control.values import RoleCredentials

NOW = 1551113065.0
FORM = {"content-type": "application/x-www-form-urlencoded", "host": "127.0.0.1"}


class Server:
    """The API of a world with one pair, whose clocks are the test's."""

    def __init__(self, world: World, folder: Path) -> None:
        self.seconds = 1000.0
        self.path = folder / "credentials.json"
        self.keep(enabled=True)
        rate = RateLimit(lambda: self.seconds, 1000.0)
        self.now = NOW
        self.keys = RoleKeys(bytes(32), lambda: self.now)
        temporary = TemporaryCredentials(self.keys, world.control)
        self.api = SignedApi(context(world), Credentials(self.path), temporary, rate, lambda: NOW)
        self.port = 0

    def keep(self, *, enabled: bool) -> None:
        pair = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY, "created_at": 1.0}
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(json.dumps([pair | {"enabled": enabled}]))
        fresh.replace(self.path)

    def post(self, action: str, parameters: dict[str, Any], **options: Any) -> Reply:
        headers, body = v3_json(action, parameters, NOW, **options)
        return send(self.port, "POST", "/", headers, body)

    def get(self, action: str, query: str, **options: Any) -> Reply:
        headers = v3(action, b"", NOW, method="GET", query=query, **options)
        return send(self.port, "GET", f"/?{query}", headers)


@pytest.fixture(scope="module")
def switch() -> Iterator[tuple[Switch, int]]:
    switch = Switch()
    with served(switch) as port:
        yield switch, port


@pytest.fixture
def server(world: World, tmp_path: Path, switch: tuple[Switch, int]) -> Server:
    made = Server(world, tmp_path)
    switch[0].application, made.port = made.api, switch[1]
    return made


def code(reply: Reply) -> str:
    """The error's code; that the envelope is the cloud's is asserted."""
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.response.keys() == {"Error", "RequestId"}
    assert SECRET_KEY.encode() not in reply.body
    return str(reply.response["Error"]["Code"])


def test_a_signed_post_is_carried_out(server: Server, world: World) -> None:
    reply = server.post("AllocateAddresses", {"AddressName": "front"})
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers[SIGNED]  # for who has passed it on
    (eip_id,) = reply.response["AddressSet"]
    assert reply.response["RequestId"]
    with world.control.state() as state:
        assert state.eips[eip_id].name == "front"


def test_a_signed_get_has_text_that_means_numbers(server: Server, world: World) -> None:
    first, second = world.allocate(), world.allocate()
    query = f"AddressIds.0={second}&AddressIds.1={first}&Limit=1&Offset=1"
    response = server.get("DescribeAddresses", query).response
    assert response["TotalCount"] == 2
    assert [shown["AddressId"] for shown in response["AddressSet"]] == [second]


@pytest.mark.parametrize("digest", ["HmacSHA1", "HmacSHA256"])
def test_v1_is_taken_by_get_and_by_post(server: Server, world: World, digest: str) -> None:
    eip_id = world.allocate()
    flat = {"AddressIds.0": eip_id, "Limit": "20"}
    by_get = v1("DescribeAddresses", flat, NOW, digest=digest).decode()
    by_post = v1("DescribeAddresses", flat, NOW, method="POST", digest=digest)
    for reply in (
        send(server.port, "GET", f"/?{by_get}", {"host": "127.0.0.1"}),
        send(server.port, "POST", "/", FORM, by_post),
    ):
        assert reply.response["AddressSet"][0]["AddressId"] == eip_id


@pytest.mark.parametrize("host", ["http://127.0.0.1:9530", "127.0.0.1:9530", "vpc.example.com"])
def test_odd_hosts_arrive_as_they_were_signed(server: Server, host: str) -> None:
    assert server.post("DescribeAddresses", {}, host=host).response["TotalCount"] == 0
    assert server.get("DescribeAddresses", "Limit=1", host=host).response["TotalCount"] == 0


def test_the_host_of_the_node_sdk(server: Server) -> None:
    hosts = {"host": "127.0.0.1:9530", "signed_host": "127.0.0.1", "service": "127"}
    assert server.post("DescribeAddresses", {}, **hosts).response["TotalCount"] == 0


@pytest.mark.parametrize(
    ("action", "options", "expected"),
    [
        ("Nothing", {}, "InvalidAction"),
        ("DescribeAddresses", {"service": "cvm"}, "InvalidAction"),
        ("DescribeAddresses", {"service": "monitor"}, "InvalidAction"),
        ("DescribeAddresses", {"secret_id": "AKIDnobody"}, "AuthFailure.SecretIdNotFound"),
        ("DescribeAddresses", {"secret_key": "another"}, "AuthFailure.SignatureFailure"),
        ("DescribeAddresses", {"service": "cos"}, "NoSuchProduct"),
        ("Nothing", {"service": "cbs"}, "NoSuchProduct"),
        ("", {"service": "cbs"}, "NoSuchProduct"),
        ("DescribeAddresses", {"host": "cbs.tencentcloudapi.com"}, "NoSuchProduct"),
        (
            "DescribeAddresses",
            {"host": "cvm.tencentcloudapi.com", "service": "cbs"},
            "NoSuchProduct",
        ),
    ],
)
def test_a_wrong_post_is_refused(
    server: Server, action: str, options: dict[str, Any], expected: str
) -> None:
    reply = server.post(action, {}, **options)
    assert code(reply) == expected
    assert SIGNED not in reply.headers


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"x-tc-version": "2018-07-25"}, "NoSuchVersion"),
        ({"x-tc-version": "2018-07-24"}, "InvalidAction"),
        ({"x-tc-version": ""}, "MissingParameter"),
        ({"x-tc-action": ""}, "MissingParameter"),
        ({"x-tc-action": "describeAddresses"}, "InvalidAction"),
        ({"x-tc-timestamp": ""}, "MissingParameter"),
        ({"x-tc-timestamp": "now"}, "InvalidParameterValue"),
        ({"x-tc-timestamp": str(int(NOW) + 301)}, "AuthFailure.SignatureExpire"),
        ({"x-tc-token": "t"}, "AuthFailure.TokenFailure"),
        ({"x-tc-region": ""}, "MissingParameter"),
        ({"x-tc-region": "eu-frankfurt"}, "UnsupportedRegion"),
        ({"authorization": "SKIP"}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": ""}, "AuthFailure.InvalidAuthorization"),
        ({"host": "elsewhere"}, "AuthFailure.SignatureFailure"),
    ],
    ids=str,
)
def test_a_head_that_is_wrong_is_refused(
    server: Server, changed: dict[str, str], expected: str
) -> None:
    headers, body = v3_json("DescribeAddresses", {}, NOW)
    assert code(send(server.port, "POST", "/", headers | changed, body)) == expected


def test_without_a_signature_there_is_nothing(server: Server) -> None:
    headers = {"x-tc-action": "DescribeAddresses", "content-type": "application/json"}
    assert code(send(server.port, "POST", "/", headers, b"{}")) == "MissingParameter"
    assert code(send(server.port, "GET", "/", {})) == "MissingParameter"
    assert code(send(server.port, "POST", "/", FORM)) == "MissingParameter"


@pytest.mark.parametrize("missing", ["SecretId", "Timestamp", "Nonce", "Version", "Action"])
def test_v1_without_a_common_parameter_is_refused(server: Server, missing: str) -> None:
    query = v1("DescribeAddresses", {}, NOW, **{missing: ""}).decode()
    reply = send(server.port, "GET", f"/?{query}", {"host": "127.0.0.1"})
    assert code(reply) == "MissingParameter"
    assert missing in reply.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("flat", "common", "expected"),
    [
        ({"Colour": "x"}, {}, "UnknownParameter"),
        ({"Limit": "x"}, {}, "InvalidParameter"),
        ({"AddressIds.1": "x"}, {}, "InvalidParameter"),
        ({}, {"Token": "t"}, "AuthFailure.TokenFailure"),
        ({}, {"Region": "eu-frankfurt"}, "UnsupportedRegion"),
        ({}, {"Region": ""}, "MissingParameter"),
        ({}, {"Version": "2000-01-01"}, "NoSuchVersion"),
        ({}, {"SignatureMethod": "HmacMD5"}, "InvalidParameterValue"),
        ({}, {"Timestamp": "1"}, "AuthFailure.SignatureExpire"),
        ({}, {"secret_key": "another"}, "AuthFailure.SignatureFailure"),
    ],
    ids=str,
)
def test_a_wrong_v1_is_refused(
    server: Server, flat: dict[str, str], common: dict[str, Any], expected: str
) -> None:
    query = v1("DescribeAddresses", flat, NOW, **common).decode()
    assert code(send(server.port, "GET", f"/?{query}", {"host": "127.0.0.1"})) == expected


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    reply = send(server.port, method, "/", {})
    assert reply.status == 200
    if method != "HEAD":
        assert code(reply) == "UnsupportedProtocol"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_a_signed_body_that_is_no_request_is_refused(server: Server, body: bytes) -> None:
    headers = v3("DescribeAddresses", body, NOW)
    assert code(send(server.port, "POST", "/", headers, body)) == "InvalidParameter"


def test_a_query_that_is_no_form_is_refused(server: Server) -> None:
    assert code(server.get("DescribeAddresses", "AddressIds")) == "InvalidParameter"


def test_a_pair_that_is_disabled_is_refused_at_once(server: Server) -> None:
    assert "AddressSet" in server.post("DescribeAddresses", {}).response
    server.keep(enabled=False)
    assert code(server.post("DescribeAddresses", {})) == "AuthFailure.SecretIdNotFound"
    server.keep(enabled=True)
    assert "AddressSet" in server.post("DescribeAddresses", {}).response


def test_temporary_credentials_sign_with_their_token_until_they_expire(
    server: Server, world: World
) -> None:
    made = temporary(server, world)
    pair = {"secret_id": made.secret_id, "secret_key": made.secret_key}
    assert "AddressSet" in signed_v3(server, pair, made.token).response
    assert "AddressSet" in signed_v1(server, pair, made.token).response
    server.now = made.expires_at
    for reply in (signed_v3(server, pair, made.token), signed_v1(server, pair, made.token)):
        assert code(reply) == "AuthFailure.TokenFailure"


def test_an_id_a_key_and_a_token_belong_together(server: Server, world: World) -> None:
    made, other = temporary(server, world), temporary(server, world)
    pair = {"secret_id": made.secret_id, "secret_key": made.secret_key}
    lasting = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY}
    mixed = {"secret_id": made.secret_id, "secret_key": other.secret_key}
    for who, token, expected in (
        (pair, "", "AuthFailure.TokenFailure"),
        (pair, other.token, "AuthFailure.TokenFailure"),
        (lasting, made.token, "AuthFailure.TokenFailure"),
        (mixed, made.token, "AuthFailure.SignatureFailure"),
    ):
        assert code(signed_v3(server, who, token)) == expected
        assert code(signed_v1(server, who, token)) == expected


def test_a_role_counts_for_one_however_often_it_is_renewed(server: Server, world: World) -> None:
    instance_id = world.run()
    command = cmd.ChangeInstancesAttributes((instance_id,), role="reader")
    world.execute(command)
    server.api.rate.per_s = 1.0
    for expected in ({"AddressSet"}, {"Error"}):
        made = server.keys.of(world.instance(instance_id))
        pair = {"secret_id": made.secret_id, "secret_key": made.secret_key}
        assert signed_v3(server, pair, made.token).response.keys() >= expected
        server.now += PERIOD_S


def temporary(server: Server, world: World) -> RoleCredentials:
    """Those of another instance."""
    instance_id = world.run()
    world.execute(cmd.ChangeInstancesAttributes((instance_id,), role="reader"))
    return server.keys.of(world.instance(instance_id))


def signed_v3(server: Server, pair: dict[str, str], token: str) -> Reply:
    headers, body = v3_json("DescribeAddresses", {}, NOW, **pair)
    return send(server.port, "POST", "/", headers | {"x-tc-token": token}, body)


def signed_v1(server: Server, pair: dict[str, str], token: str) -> Reply:
    query = v1("DescribeAddresses", {}, NOW, **pair, Token=token).decode()
    return send(server.port, "GET", f"/?{query}", {"host": "127.0.0.1"})


def test_only_signed_calls_count_against_the_rate(server: Server) -> None:
    server.api.rate.per_s = 2.0
    for _ in range(3):
        reply = server.post("DescribeAddresses", {}, secret_key="another")
        assert code(reply) == "AuthFailure.SignatureFailure"
    replies = [server.post("DescribeAddresses", {}) for _ in range(3)]
    assert [reply.response.keys() >= {"AddressSet"} for reply in replies] == [True, True, False]
    assert code(replies[2]) == "RequestLimitExceeded"
    server.seconds += 0.5
    assert "AddressSet" in server.post("DescribeAddresses", {}).response


def test_the_cloud_has_limits_of_size(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (signed_api.QUERY_MAX, signed_api.FORM_MAX, BODY_MAX) == (32768, 1 << 20, 10 << 20)
    long = "Limit=" + "1" * 32768
    assert code(server.get("DescribeAddresses", long)) == "RequestSizeLimitExceeded"
    monkeypatch.setattr(signed_api, "FORM_MAX", 1000)
    form = v1("DescribeAddresses", {"X": "x" * 1000}, NOW, method="POST")
    reply = send(server.port, "POST", "/", FORM, form)
    assert code(reply) == "AuthFailure.SignatureFailure"
    assert "TC3-HMAC-SHA256" in reply.response["Error"]["Message"]
    monkeypatch.setattr(signed_api, "BODY_MAX", 1000)
    body = b"{" + b" " * 998 + b"}"
    for content, expected in ((body, "AddressSet"), (body + b" ", "Error")):
        headers = v3("DescribeAddresses", content, NOW)
        assert expected in send(server.port, "POST", "/", headers, content).response


def test_there_is_one_region(server: Server) -> None:
    assert REGION == "ap-guangzhou"
    headers, body = v3_json("RunInstances", {"InstanceName": "web"}, NOW)
    del headers["x-tc-region"]
    assert code(send(server.port, "POST", "/", headers, body)) == "MissingParameter"


def test_an_internal_failure_tells_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(Credentials, "key_of", fails)
    reply = server.post("DescribeAddresses", {})
    assert code(reply) == "InternalError"
    assert b"secret" not in reply.body


@pytest.mark.parametrize(
    ("action", "service", "version"),
    [
        ("GetCallerIdentity", "sts", "2018-08-13"),
        ("GetResources", "tag", "2018-08-13"),
        ("DescribeRegions", "cvm", "2017-03-12"),
    ],
)
@pytest.mark.parametrize("region", ["", "ap-shanghai"])
def test_some_actions_are_of_no_region(
    server: Server, action: str, service: str, version: str, region: str
) -> None:
    headers, body = v3_json(action, {}, NOW, service=service)
    changed = {"x-tc-version": version, "x-tc-region": region}
    assert "Error" not in send(server.port, "POST", "/", headers | changed, body).response


def test_the_caller_is_who_signed(server: Server) -> None:
    headers, body = v3_json("GetCallerIdentity", {}, NOW, service="sts")
    reply = send(server.port, "POST", "/", headers | {"x-tc-version": "2018-08-13"}, body)
    assert reply.response["AccountId"] == "100000000001"
    assert reply.response["Type"] == "CAMUser"


def test_an_action_is_of_one_service_though_two_have_its_version(server: Server) -> None:
    headers, body = v3_json("GetResources", {}, NOW, service="sts")
    reply = send(server.port, "POST", "/", headers | {"x-tc-version": "2018-08-13"}, body)
    assert code(reply) == "InvalidAction"


def test_the_language_is_a_header_or_a_parameter(server: Server) -> None:
    headers, body = v3_json("DescribeZones", {}, NOW, service="cvm")
    flat = {"Language": "zh-CN", "AddressIds.0": "eip-x"}
    for reply, chinese in (
        (send(server.port, "POST", "/", headers | {"x-tc-language": "zh-CN"}, body), "广州三区"),
        (send(server.port, "POST", "/", headers | {"x-tc-language": "en-US"}, body), "Guangzhou"),
        (
            send(server.port, "POST", "/", FORM, v1("DescribeAddresses", flat, NOW, method="POST")),
            "参数取值错误",
        ),
        (server.post("DescribeAddresses", {"Colour": 1}), "Colour"),
    ):
        assert chinese in json.dumps(reply.response, ensure_ascii=False)


@pytest.mark.parametrize(
    "changed", [{"x-tc-version": "2000-01-01"}, {"x-tc-timestamp": "1"}, {"x-tc-region": "mars"}]
)
def test_every_refusal_is_in_the_language(server: Server, changed: dict[str, str]) -> None:
    headers, body = v3_json("DescribeZones", {}, NOW, service="cvm")
    reply = send(server.port, "POST", "/", headers | changed | {"x-tc-language": "zh-CN"}, body)
    assert not reply.response["Error"]["Message"].isascii()

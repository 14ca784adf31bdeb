"""Signatures: what the cloud's Python SDK 3.1 made with a stopped clock, and ways to be wrong."""

from dataclasses import replace
from typing import Any

import pytest
from support.signing import SECRET_ID, SECRET_KEY, v1, v3

from gateway.api.errors import ApiError
from gateway.api.parameters import form
from gateway.api.signature import Received, check_time, check_v1, check_v3, claim_of, service_of

NOW = 1551113065
DATE = "2019-02-25"


def sent(
    service: str, signature: str, host: str, body: bytes = b"", query: bytes = b"", **more: str
) -> Received:
    """A request of the SDK's."""
    kind = "application/x-www-form-urlencoded" if query else "application/json"
    headers = {
        "content-type": kind,
        "host": host,
        "x-tc-timestamp": str(NOW),
        "authorization": f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{DATE}/{service}/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    return Received("GET" if query else "POST", query, headers, body)


OF_THE_SDK = {
    "post": sent(
        "cvm",
        "2bd2d34df686a88b6c0e3cc8908f8a9e993ed4be5f2c9c66459c7c4719154ad5",
        "cvm.tencentcloudapi.com",
        b'{"Limit": 1, "InstanceIds": ["ins-a"]}',
    ),
    "get": sent(
        "cvm",
        "a0e47474ee35c9a1c372bad4a155e17e852d9eb9f239569d356e20cc4c906c64",
        "127.0.0.1:9530",
        query=b"Limit=1&InstanceIds.0=ins-a&InstanceIds.1=ins-b",
    ),
    "scheme in the host": sent(
        "vpc",
        "b3780f80d0d54760c17fb92610de9e9b860cd88b8b08512b140b374eddc39006",
        "http://127.0.0.1:9530",
        b'{"AddressName": "\\u524d\\u95e8"}',
    ),
    "unsigned payload": sent(
        "vpc",
        "b887009882e7d41c9311c507e13f8088a35810477fffb1c4b1dd5cdbbf76d581",
        "127.0.0.1:9530",
        b"{}",
        x_tc_content_sha256="UNSIGNED-PAYLOAD",
    ),
}

V1_OF_THE_SDK = {
    ("HmacSHA1", "GET"): "Bexua8XSDJDTbAZdNj%2BZZGWSN7o%3D",
    ("HmacSHA1", "POST"): "FVgnAU1%2Fb6pt4Wk8JkhsFgvcI7I%3D",
    ("HmacSHA256", "GET"): "ciqP%2B2spEUUlo4wv1Mp9Ye3H4gw8e6PbXTcrm%2FJzUc0%3D",
    ("HmacSHA256", "POST"): "0clKm%2Bdbf76aNXIRt4r49btJxheEtXPAydavCuW3vpU%3D",
}


def refusal(check: Any, *arguments: Any) -> str:
    """The code of the refusal."""
    with pytest.raises(ApiError) as refused:
        check(*arguments)
    assert SECRET_KEY not in refused.value.message
    return refused.value.code


def check(received: Received, key: str = SECRET_KEY) -> None:
    check_v3(claim_of(received.headers["authorization"]), received, key)


@pytest.mark.parametrize("name", OF_THE_SDK)
def test_what_the_sdk_signs_is_right(name: str) -> None:
    check(OF_THE_SDK[name])


@pytest.mark.parametrize("name", OF_THE_SDK)
def test_with_another_key_it_is_wrong(name: str) -> None:
    assert refusal(check, OF_THE_SDK[name], SECRET_KEY[:-1]) == "AuthFailure.SignatureFailure"


def altered(received: Received, **headers: str) -> Received:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(received, headers={**received.headers, **named})


@pytest.mark.parametrize(
    "wrong",
    [
        replace(OF_THE_SDK["post"], body=b'{"Limit": 2, "InstanceIds": ["ins-a"]}'),
        replace(OF_THE_SDK["post"], body=b'{"Limit":1,"InstanceIds":["ins-a"]}'),
        replace(OF_THE_SDK["post"], method="GET"),
        replace(OF_THE_SDK["post"], query=b"Limit=2"),
        replace(OF_THE_SDK["get"], query=b"Limit=2&InstanceIds.0=ins-a&InstanceIds.1=ins-b"),
        altered(OF_THE_SDK["post"], host="vpc.tencentcloudapi.com"),
        altered(OF_THE_SDK["scheme in the host"], host="127.0.0.1:9530"),
        altered(OF_THE_SDK["post"], content_type="text/plain"),
        altered(OF_THE_SDK["post"], x_tc_timestamp=str(NOW + 1)),
        altered(OF_THE_SDK["post"], x_tc_timestamp=str(NOW + 86400)),
        altered(OF_THE_SDK["post"], x_tc_content_sha256="UNSIGNED-PAYLOAD"),
    ],
    ids=[
        "body",
        "spaces in the body",
        "method",
        "query added",
        "query",
        "host",
        "scheme taken away",
        "content type",
        "timestamp",
        "date",
        "payload said to be unsigned",
    ],
)
def test_whatever_is_signed_can_not_be_altered(wrong: Received) -> None:
    assert refusal(check, wrong) == "AuthFailure.SignatureFailure"


def test_the_body_of_a_get_is_nothing() -> None:
    check(replace(OF_THE_SDK["get"], body=b"ignored"))


def received(headers: dict[str, str], body: bytes = b"{}") -> Received:
    return Received("POST", b"", headers, body)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"as_documented": True},
        {"host": "127.0.0.1:9530", "signed_host": "127.0.0.1", "service": "127"},
        {"host": "http://127.0.0.1:9530", "service": "http://127"},
        {"host": "localhost:9530", "service": "localhost:9530"},
        {"host": "localhost:9530", "signed_host": "localhost", "service": "localhost"},
        {"host": "[::1]:9530", "signed_host": "[::1]"},
        {"host": "vpc.ap-guangzhou.tencentcloudapi.com", "service": "vpc"},
        {"unsigned": True},
    ],
    ids=[
        "as the SDKs",
        "more headers, in lower case",
        "Node",
        "Node with a scheme",
        "Node and a name",
        "Node and a name without a port",
        "IPv6",
        "a regional host",
        "unsigned payload",
    ],
)
def test_other_clients_sign_in_other_ways(options: dict[str, Any]) -> None:
    check(received(v3("DescribeAddresses", b"{}", NOW, **options)))


@pytest.mark.parametrize(
    "options",
    [
        {"date": "2019-02-26"},
        {"host": "a:9530", "signed_host": "b"},
        {"host": "a:1", "signed_host": "a:2"},
    ],
    ids=["date", "host", "port"],
)
def test_a_rightly_made_signature_of_something_else_is_wrong(options: dict[str, Any]) -> None:
    headers = v3("DescribeAddresses", b"{}", NOW, **options)
    assert refusal(check, received(headers)) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize(
    ("host", "signed", "service"),
    [
        ("127.0.0.1:9530", "vpc", "vpc"),
        ("127.0.0.1:9530", "127", None),
        ("http://127.0.0.1:9530", "http://127", None),
        ("localhost:9530", "localhost", None),
        ("tgw.example.com", "tgw", None),
        ("tgw.example.com", None, None),
        ("cvm.tencentcloudapi.com", None, "cvm"),
        ("VPC.ap-guangzhou.tencentcloudapi.com:80", None, "vpc"),
        ("vpc.tencentcloudapi.com", "vpc", "vpc"),
    ],
)
def test_the_service_is_what_was_signed_for_or_the_endpoints(
    host: str, signed: str | None, service: str | None
) -> None:
    assert service_of(host, signed) == service


@pytest.mark.parametrize(
    ("host", "signed"),
    [
        ("127.0.0.1:9530", "cbs"),
        ("127.0.0.1:9530", "126"),
        ("cbs.tencentcloudapi.com", "cbs"),
        ("cbs.tencentcloudapi.com", None),
        ("https://cbs.ap-guangzhou.tencentcloudapi.com", "cvm"),
        ("cvm.tencentcloudapi.com", "cbs"),
        ("127.0.0.1", ""),
        ("", "cbs"),
    ],
)
def test_a_service_that_is_not_here_is_refused_as_such(host: str, signed: str | None) -> None:
    assert refusal(service_of, host, signed) == "NoSuchProduct"


def test_a_signed_header_that_is_absent_is_wrong() -> None:
    headers = v3("DescribeAddresses", b"{}", NOW, as_documented=True)
    del headers["x-tc-action"]
    assert refusal(check, received(headers)) == "AuthFailure.SignatureFailure"


GOOD = OF_THE_SDK["post"].headers["authorization"]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "SKIP",
        "Basic YTpi",
        GOOD[:-1],
        GOOD + "0",
        GOOD.upper(),
        GOOD.replace("TC3-HMAC-SHA256", "HmacSHA256"),
        GOOD.replace("tc3_request", "tc4_request"),
        GOOD.replace(f"{DATE}/", ""),
        GOOD.replace(SECRET_ID, ""),
        GOOD.replace("content-type;host", "content-type"),
        GOOD.replace("content-type;host", "host"),
        GOOD.replace("content-type;host", "content-type;host;host"),
        GOOD.replace("content-type;host", ""),
        GOOD.replace("cvm", "cvm" * 2000),
        GOOD.replace("cvm", "\xe9,"),
    ],
)
def test_a_malformed_authorization_is_told_apart(wrong: str) -> None:
    assert refusal(claim_of, wrong) == "AuthFailure.InvalidAuthorization"


def test_a_claim_needs_no_spaces() -> None:
    assert claim_of(GOOD.replace(", ", ",")) == claim_of(GOOD)


@pytest.mark.parametrize("off", [-300, -1, 0, 299.5, 300])
def test_a_timestamp_may_be_five_minutes_off(off: float) -> None:
    check_time(str(NOW), NOW + off)


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        (str(NOW + 301), "AuthFailure.SignatureExpire"),
        (str(NOW - 301), "AuthFailure.SignatureExpire"),
        ("0", "AuthFailure.SignatureExpire"),
        ("9" * 12, "AuthFailure.SignatureExpire"),
        ("9" * 13, "InvalidParameterValue"),
        (f"{NOW}.0", "InvalidParameterValue"),
        (f"-{NOW}", "InvalidParameterValue"),
        ("", "MissingParameter"),
        ("٣", "InvalidParameterValue"),
    ],
)
def test_a_timestamp_further_off_or_none_is_refused(timestamp: str, code: str) -> None:
    assert refusal(check_time, timestamp, NOW) == code


def by_v1(
    text: bytes, method: str = "GET", host: str = "127.0.0.1:9530", key: str = SECRET_KEY
) -> None:
    check_v1(form(text), Received(method, b"", {"host": host}), key)


@pytest.mark.parametrize(("digest", "method"), V1_OF_THE_SDK)
def test_what_the_sdk_signs_by_v1_is_right(digest: str, method: str) -> None:
    """By POST it was configured with a scheme, which it signs but doesn't send."""
    text = (
        "AddressIds.0=eip-a&AddressIds.1=eip-b&Limit=20&Action=DescribeAddresses"
        f"&RequestClient=SDK_PYTHON_3.1.178&Nonce=11886&Timestamp={NOW}&Version=2017-03-12"
        f"&Region=ap-guangzhou&SecretId={SECRET_ID}&SignatureMethod={digest}&Language=zh-CN"
        f"&Signature={V1_OF_THE_SDK[digest, method]}"
    ).encode()
    by_v1(text, method)
    other = "GET" if method == "POST" else "POST"
    for wrong in (
        (text, other),
        (text.replace(b"eip-b", b"eip-c"), method),
        (text, method, "127.0.0.1:9531"),
        (text, method, "127.0.0.1:9530", "another"),
    ):
        assert refusal(by_v1, *wrong) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("host", ["127.0.0.1:9530", "127.0.0.1", "http://127.0.0.1:9530"])
def test_v1_signs_the_host_in_several_forms(host: str) -> None:
    by_v1(v1("DescribeAddresses", {}, NOW, host=host))


def test_v1_reads_an_underscore_as_a_dot_and_signs_text_as_it_is() -> None:
    by_v1(v1("AllocateAddresses", {"AddressIds_0": "a b+&=%前"}, NOW, host="127.0.0.1"))


def test_v1_is_by_sha1_unless_told() -> None:
    text = v1("DescribeAddresses", {}, NOW, digest="HmacSHA1", SignatureMethod="")
    assert b"SignatureMethod" not in text
    by_v1(text, host="127.0.0.1")


def test_v1_with_another_digest_is_refused() -> None:
    text = v1("DescribeAddresses", {}, NOW, SignatureMethod="HmacMD5")
    assert refusal(by_v1, text) == "InvalidParameterValue"


@pytest.mark.parametrize("signature", ["x", "%E5%89%8D", "="])
def test_v1_with_a_signature_that_is_none_is_wrong(signature: str) -> None:
    text = v1("DescribeAddresses", {}, NOW).rpartition(b"Signature=")[0]
    assert (
        refusal(by_v1, text + f"Signature={signature}".encode()) == "AuthFailure.SignatureFailure"
    )

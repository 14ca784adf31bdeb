"""Signatures of API 3.0: whether a request was signed with the key that belongs to its SecretId.

::

    TC3-HMAC-SHA256                          signature v1: HmacSHA1, HmacSHA256
    in the header Authorization              in the parameter Signature
    over method, query, headers and body     over method, host and all other parameters

The host that was signed is what the client was configured with. It may have a scheme in front, and
then the header Host has it, too; or lack the port that the header has. So the header is taken as it
was sent, and without its port.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.api.errors import ApiError
from gateway.api.services import VERSIONS

SKEW_MAX_S: Final = 300
SERVICES: Final = tuple(VERSIONS)
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
_AUTHORIZATION_MAX: Final = 4096
_AUTHORIZATION: Final = re.compile(
    r"TC3-HMAC-SHA256\s+"
    r"Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[^,\s]+)/tc3_request,\s*"
    r"SignedHeaders=(?P<names>[a-z0-9_-]+(?:;[a-z0-9_-]+)*),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_ALWAYS_SIGNED: Final = {"content-type", "host"}
_ENDPOINT: Final = re.compile(
    r"(?:https?://)?(?P<service>[a-z0-9-]+)(?:\.[a-z0-9-]+)*\.tencentcloudapi\.com(?::[0-9]{1,5})?",
    re.IGNORECASE,
)
_PORT: Final = re.compile(r":[0-9]{1,5}\Z")
_V1_DIGESTS: Final = {"HmacSHA1": "sha1", "HmacSHA256": "sha256"}


@dataclass(frozen=True, slots=True)
class Received:
    """An HTTP request as it was sent; names of headers in lower case, values decoded as latin-1."""

    method: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the header Authorization says: the signer, the scope and the signature."""

    secret_id: str
    date: str
    service: str
    names: tuple[str, ...]
    signature: str


def claim_of(authorization: str) -> Claim:
    """Parse the header Authorization. Raises `ApiError` if its form is wrong."""
    found = None
    if len(authorization) <= _AUTHORIZATION_MAX:
        found = _AUTHORIZATION.fullmatch(authorization.strip())
    if found is None:
        raise ApiError(
            "AuthFailure.InvalidAuthorization",
            "the header Authorization is not of the form 'TC3-HMAC-SHA256 Credential=<SecretId>/"
            "<date>/<service>/tc3_request, SignedHeaders=<names>, Signature=<hex>'",
        )
    names = tuple(found["names"].split(";"))
    if not set(names) >= _ALWAYS_SIGNED or len(set(names)) < len(names):
        raise ApiError(
            "AuthFailure.InvalidAuthorization",
            "SignedHeaders must have content-type and host, and each name once",
        )
    return Claim(found["secret_id"], found["date"], found["service"], names, found["signature"])


def service_of(host: str, signed: str | None = None) -> str | None:
    """The service that a request is for; None if neither its endpoint nor its signature says.

    The Node SDK signs for what stands before the host's first dot, whatever that is. Raises
    `ApiError` if the service isn't here.
    """
    found = _ENDPOINT.fullmatch(host)
    endpoint = found["service"].lower() if found else None
    labels = {name.split(".")[0] for name in _hosts(host)}
    for name in (endpoint, signed):
        if name is not None and name not in SERVICES and (found or name not in labels):
            raise ApiError(
                "NoSuchProduct",
                f"there is no service {name[:80]!r} here: use one of {', '.join(SERVICES)}",
            )
    return signed if signed in SERVICES else endpoint


def check_time(timestamp: str, now: float) -> None:
    """Whether a request was signed about now. Raises `ApiError`."""
    if not timestamp:
        raise ApiError("MissingParameter", "the common parameter Timestamp is missing")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise ApiError("InvalidParameterValue", "the timestamp is no number of seconds since 1970")
    if abs(int(timestamp) - now) > SKEW_MAX_S:
        raise ApiError(
            "AuthFailure.SignatureExpire",
            f"the timestamp is more than {SKEW_MAX_S} seconds off this server's clock",
        )


def check_v3(claim: Claim, received: Received, secret_key: str) -> None:
    """Whether the signature v3 is right; its time has been checked. Raises `ApiError`."""
    timestamp = received.headers.get("x-tc-timestamp", "")
    if claim.date != datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d"):
        raise _failure("the date in Credential is not the timestamp's in UTC")
    scope = f"{claim.date}/{claim.service}/tc3_request"
    key = _signing_key(secret_key, claim)
    for canonical in _canonical_requests(claim, received):
        text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
        made = hmac.digest(key, text.encode(), "sha256").hex()
        if hmac.compare_digest(made, claim.signature):
            return
    raise _failure()


def check_v1(parameters: Mapping[str, str], received: Received, secret_key: str) -> None:
    """Whether the signature v1 among the parameters is right. Raises `ApiError`."""
    method = parameters.get("SignatureMethod", "HmacSHA1")
    if method not in _V1_DIGESTS:
        raise ApiError(
            "InvalidParameterValue",
            f"SignatureMethod {method[:80]!r} is none of {', '.join(_V1_DIGESTS)}",
        )
    # A client may write `_` for `.` in a name; it signs the latter.
    signed = {
        name.replace("_", "."): value for name, value in parameters.items() if name != "Signature"
    }
    joined = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
    header = received.headers.get("host", "")
    # Here the Python SDK signs a scheme that it doesn't put into the header.
    for host in (*_hosts(header), f"http://{header}", f"https://{header}"):
        text = f"{received.method}{host}/?{joined}"
        made = b64encode(hmac.digest(secret_key.encode(), text.encode(), _V1_DIGESTS[method]))
        if hmac.compare_digest(made, parameters["Signature"].encode()):
            return
    raise _failure()


def _failure(why: str = "please check that your signature is correct") -> ApiError:
    return ApiError(
        "AuthFailure.SignatureFailure", f"the provided credentials could not be validated: {why}"
    )


def _hosts(header: str) -> tuple[str, ...]:
    """What the client may have taken for the host."""
    return tuple(dict.fromkeys((header, _PORT.sub("", header))))


def _signing_key(secret_key: str, claim: Claim) -> bytes:
    key = f"TC3{secret_key}".encode()
    for part in (claim.date, claim.service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_requests(claim: Claim, received: Received) -> Iterator[bytes]:
    if received.headers.get("x-tc-content-sha256") == UNSIGNED_PAYLOAD:
        payload = UNSIGNED_PAYLOAD.encode()
    else:
        payload = b"" if received.method == "GET" else received.body
    digest = hashlib.sha256(payload).hexdigest().encode()
    for headers in _canonical_headers(claim.names, received.headers):
        yield b"\n".join(
            (
                received.method.encode(),
                b"/",
                received.query,
                headers.encode("latin-1"),
                ";".join(claim.names).encode(),
                digest,
            )
        )


def _canonical_headers(names: tuple[str, ...], headers: Mapping[str, str]) -> Iterator[str]:
    """Values as they were sent, which is what the SDKs sign; then as the documents want them."""
    absent = [name for name in names if name not in headers]
    if absent:
        raise _failure(f"the signed header {absent[0]} is absent")
    for host in _hosts(headers["host"]):
        values = [host if name == "host" else headers[name] for name in names]
        for form in (values, [value.strip().lower() for value in values]):
            yield "".join(f"{name}:{value}\n" for name, value in zip(names, form, strict=True))

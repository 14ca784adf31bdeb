"""Signed requests, written down a second time: what a client of the cloud's API does."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

SECRET_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"  # noqa: S105  an example
SECRET_KEY = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"  # noqa: S105  an example
VERSION = "2017-03-12"
REGION = "ap-guangzhou"


def service_of(action: str) -> str:
    """What the client of an action is called."""
    return "cvm" if "Instances" in action else "vpc"


def v3(
    action: str,
    body: bytes,
    now: float,
    *,
    method: str = "POST",
    query: str = "",
    host: str = "127.0.0.1",
    signed_host: str | None = None,
    service: str | None = None,
    date: str | None = None,
    secret_id: str = SECRET_ID,
    secret_key: str = SECRET_KEY,
    unsigned: bool = False,
    as_documented: bool = False,
) -> dict[str, str]:
    """The headers of a request."""
    service = service or service_of(action)
    date = date or datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    headers = {
        "content-type": "application/json"
        if method == "POST"
        else "application/x-www-form-urlencoded",
        "host": host,
        "x-tc-action": action,
        "x-tc-version": VERSION,
        "x-tc-region": REGION,
        "x-tc-timestamp": str(int(now)),
    }
    signed = {"content-type": headers["content-type"], "host": signed_host or host}
    if as_documented:
        signed["x-tc-action"] = action.lower()
    if unsigned:
        headers["x-tc-content-sha256"] = "UNSIGNED-PAYLOAD"
        body = b"UNSIGNED-PAYLOAD"
    names = ";".join(signed)
    canonical = "\n".join(
        [
            method,
            "/",
            query,
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            hashlib.sha256(body if method == "POST" else b"").hexdigest(),
        ]
    )
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join(
        [
            "TC3-HMAC-SHA256",
            headers["x-tc-timestamp"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = ("TC3" + secret_key).encode()
    for part in (date, service, "tc3_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers["authorization"] = (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, "
        f"SignedHeaders={names}, Signature={key.hex()}"
    )
    return headers


def v3_json(action: str, parameters: Mapping[str, Any], now: float, **other: Any) -> Any:
    """Headers and body of a POST."""
    body = json.dumps(parameters).encode()
    return v3(action, body, now, **other), body


def v1(
    action: str,
    parameters: Mapping[str, str],
    now: float,
    *,
    method: str = "GET",
    host: str = "127.0.0.1",
    digest: str = "HmacSHA256",
    secret_id: str = SECRET_ID,
    secret_key: str = SECRET_KEY,
    **common: str,
) -> bytes:
    """All parameters of a request, urlencoded."""
    every = {
        **parameters,
        "Action": action,
        "Version": VERSION,
        "Region": REGION,
        "Timestamp": str(int(now)),
        "Nonce": "7",
        "SecretId": secret_id,
        "SignatureMethod": digest,
        **common,
    }
    every = {name: value for name, value in every.items() if value}
    signed = {name.replace("_", "."): value for name, value in every.items()}
    text = f"{method}{host}/?" + "&".join(f"{name}={signed[name]}" for name in sorted(signed))
    made = hmac.new(secret_key.encode(), text.encode(), digest.removeprefix("Hmac"))
    return urlencode({**every, "Signature": b64encode(made.digest()).decode()}).encode()

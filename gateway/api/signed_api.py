"""The API for everybody who has a key: each request signed, counted, and bounded in all it takes.

In this order, as far as the cloud's is known: method, service, action and version, who signed and
when, the signature, how often, region, parameters. What can be refused from a request's head is,
before its body is read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.api import parameters, registry
from gateway.api import signature as sign
from gateway.api.action import Answer, Caller, Context
from gateway.api.bodies import BODY_MAX, Bodies, Body
from gateway.api.credentials import Credentials
from gateway.api.envelope import SIGNED
from gateway.api.errors import ApiError
from gateway.api.language import language, spoken
from gateway.api.rate import RateLimit
from gateway.api.server import enveloped, json_object
from gateway.api.temporary import TemporaryCredentials, is_temporary

QUERY_MAX: Final = 32 << 10  # bytes: the cloud's limits
FORM_MAX: Final = 1 << 20
COMMON: Final = (
    "Action",
    "Version",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "SignatureMethod",
    "Signature",
    "Language",
    "RequestClient",
    "Token",
)


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for, once its signature was found right."""

    caller: Caller
    action: str
    region: str
    language: str | None
    parameters: dict[str, Any]
    as_text: bool


class SignedApi:
    """An ASGI application: the API, for those who sign with `credentials`."""

    def __init__(
        self,
        context: Context,
        credentials: Credentials,
        temporary: TemporaryCredentials,
        rate: RateLimit,
        clock: Callable[[], float],
    ) -> None:
        """`clock` tells the seconds since 1970, to compare timestamps with."""
        self._context = context
        self._credentials = credentials
        self._temporary = temporary
        self.rate = rate
        self._clock = clock
        self._bodies = Bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await enveloped(partial(self._answer, request))
        if getattr(request.state, "signed", False):
            response.headers[SIGNED] = "1"
        await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Answer:
        with self._bodies.one() as body:
            received = _received(request)
            if "authorization" in received.headers:
                with spoken(received.headers.get("x-tc-language")):
                    call = await self._signed_v3(request, received, body)
            else:
                flat = await _flat(request, received, body)
                with spoken(flat.get("Language")):
                    call = self._signed_v1(flat, received)
            request.state.signed = True
            with spoken(call.language):
                return await self._carry_out(call, request_id)

    async def _carry_out(self, call: Call, request_id: str) -> Answer:
        self.rate.take(call.caller.name, call.action)
        registry.check_region(call.action, call.region)
        return await run_in_threadpool(
            registry.call,
            replace(
                self._context,
                caller=call.caller,
                request_id=request_id,
                language=language(call.language),
            ),
            call.action,
            call.parameters,
            as_text=call.as_text,
        )

    async def _signed_v3(self, request: Request, received: sign.Received, body: Body) -> Call:
        headers = received.headers
        action, version = headers.get("x-tc-action", ""), headers.get("x-tc-version", "")
        claim = sign.claim_of(headers["authorization"])
        registry.check_action(
            action, version, sign.service_of(headers.get("host", ""), claim.service)
        )
        caller, key = self._signer(claim.secret_id, headers.get("x-tc-token", ""))
        sign.check_time(headers.get("x-tc-timestamp", ""), self._clock())
        by_get = received.method == "GET"
        if not by_get:
            received = replace(received, body=await body.read(request, BODY_MAX))
        sign.check_v3(claim, received, key)
        found = (
            parameters.nested(parameters.form(received.query))
            if by_get
            else json_object(received.body)
        )
        region, asked = headers.get("x-tc-region", ""), headers.get("x-tc-language")
        return Call(caller, action, region, asked, found, by_get)

    def _signed_v1(self, flat: dict[str, str], received: sign.Received) -> Call:
        action = flat.get("Action", "")
        service = sign.service_of(received.headers.get("host", ""))
        registry.check_action(action, flat.get("Version", ""), service)
        for name in ("SecretId", "Signature", "Nonce"):
            if not flat.get(name):
                raise ApiError("MissingParameter", f"the common parameter {name} is missing")
        caller, key = self._signer(flat["SecretId"], flat.get("Token", ""))
        sign.check_time(flat.get("Timestamp", ""), self._clock())
        sign.check_v1(flat, received, key)
        own = {name: value for name, value in flat.items() if name not in COMMON}
        found = parameters.nested(own)
        region, asked = flat.get("Region", ""), flat.get("Language")
        return Call(caller, action, region, asked, found, as_text=True)

    def _signer(self, secret_id: str, token: str) -> tuple[Caller, str]:
        key = self._credentials.key_of(secret_id)
        if token or (key is None and is_temporary(secret_id)):
            holder = self._temporary.holder(secret_id, token)
            return Caller(holder.instance_id, holder.role), holder.secret_key
        if key is None:
            raise ApiError(
                "AuthFailure.SecretIdNotFound",
                "the SecretId is not found or is disabled: please ensure that it is correct",
            )
        return Caller(secret_id), key


async def _flat(request: Request, received: sign.Received, body: Body) -> dict[str, str]:
    """All parameters of a request by signature v1: in its query, or in its body."""
    kind = received.headers.get("content-type", "")
    if received.method == "GET":
        return parameters.form(received.query)
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return parameters.form(await _form(request, body))
    raise ApiError("MissingParameter", "the header Authorization is missing")


async def _form(request: Request, body: Body) -> bytes:
    try:
        return await body.read(request, FORM_MAX)
    except ApiError as error:
        if error.code != "RequestSizeLimitExceeded":
            raise
        raise ApiError(
            "AuthFailure.SignatureFailure",
            f"above {FORM_MAX} bytes a request must be signed with TC3-HMAC-SHA256",
        ) from error


def _received(request: Request) -> sign.Received:
    """The head of the request, from its raw form: frameworks stumble over a host with a scheme."""
    method, query = request.scope["method"], request.scope["query_string"]
    if method not in ("GET", "POST"):
        raise ApiError("UnsupportedProtocol", f"the method {method} is neither GET nor POST")
    if len(query) > QUERY_MAX:
        raise ApiError("RequestSizeLimitExceeded", f"a query has at most {QUERY_MAX} bytes")
    headers = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw
    }
    return sign.Received(method, query, headers)

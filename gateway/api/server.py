"""The API over HTTP: the envelope around actions, as the cloud's API 3.0 has it.

This server listens on a Unix socket that only root can open, so a request needs no signature; those
that need one come by `signed`. Errors are HTTP 200 with the bare content type: the SDKs look for
`Error` only there.
"""

import json
import logging
from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.action import Answer
from gateway.api.actions.operator import OPERATOR_ACTIONS
from gateway.api.registry import call
from gateway.api.wire import ApiError
from gateway.control.controller import Controller
from gateway.metering.meter import Meter

_log = logging.getLogger(__name__)

BODY_MAX = 10 << 20  # bytes: the cloud's limit for a signed POST


def application(control: Controller, meter: Meter | None = None) -> Starlette:
    """The API of one controller, and of its meter if it has one."""

    async def answer(request: Request) -> Answer:
        parameters = json_object(await body_of(request, BODY_MAX))
        name = request.headers.get("x-tc-action", "")
        return await run_in_threadpool(
            call, control, name, parameters, OPERATOR_ACTIONS, meter=meter
        )

    async def post(request: Request) -> Response:
        return await enveloped(answer(request))

    return Starlette(routes=[Route("/", post, methods=["POST"])])


async def enveloped(answering: Awaitable[Answer]) -> Response:
    """The answer, or why there is none, as the cloud puts it."""
    try:
        answer = await answering
    except ApiError as error:
        answer = {"Error": {"Code": error.code, "Message": error.message}}
    except Exception:  # noqa: BLE001  one bad request must not end the server
        _log.exception("a request failed")
        answer = {"Error": {"Code": "InternalError", "Message": "tgw control failed: see its log"}}
    envelope = {"Response": {**answer, "RequestId": str(uuid4())}}
    return Response(json.dumps(envelope), media_type="application/json")


async def body_of(request: Request, most: int) -> bytes:
    """The body of at most `most` bytes. Raises `ApiError`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise ApiError("RequestSizeLimitExceeded", f"a request has at most {most} bytes")
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any]:
    """The parameters in a body. Raises `ApiError`."""
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidParameter", f"the body is no JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise ApiError("InvalidParameter", "the body must be a JSON object")
    return parameters

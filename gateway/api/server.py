"""The API over HTTP: the envelope around actions, as the cloud's API 3.0 has it.

The server listens on a Unix socket that only root can open, so a request needs no signature.
Errors are HTTP 200 with the bare content type: the SDKs look for `Error` only there.
"""

import json
import logging
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.actions import call
from gateway.api.operator import OPERATOR_ACTIONS
from gateway.api.wire import ApiError
from gateway.control.controller import Controller

_log = logging.getLogger(__name__)

BODY_MAX = 10 << 20  # bytes: the cloud's limit for a signed POST


def application(control: Controller) -> Starlette:
    """The API of one controller."""

    async def post(request: Request) -> Response:
        try:
            parameters = _parameters(await _body(request))
            name = request.headers.get("x-tc-action", "")
            answer = await run_in_threadpool(call, control, name, parameters, OPERATOR_ACTIONS)
        except ApiError as error:
            answer = {"Error": {"Code": error.code, "Message": error.message}}
        except Exception:  # noqa: BLE001  one bad request must not end the server
            _log.exception("a request failed")
            answer = {
                "Error": {"Code": "InternalError", "Message": "tgw control failed: see its log"}
            }
        return _response(answer)

    return Starlette(routes=[Route("/", post, methods=["POST"])])


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            raise ApiError("RequestSizeLimitExceeded", f"a request has at most {BODY_MAX} bytes")
    return body


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidParameter", f"the body is no JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise ApiError("InvalidParameter", "the body must be a JSON object")
    return parameters


def _response(answer: dict[str, Any]) -> Response:
    envelope = {"Response": {**answer, "RequestId": str(uuid4())}}
    return Response(json.dumps(envelope), media_type="application/json")

"""The cloud's envelope around each answer, and around each refusal.

Both are HTTP 200 with the bare content type: the SDKs look for `Error` only there.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from gateway.api.errors import ApiError

# The header by which control tells who passes a request on that it was signed rightly.
SIGNED: Final = "x-tgw-signed"


def packed(answer: Mapping[str, Any], request_id: str) -> Response:
    """The answer as a response to the request with this id."""
    envelope = {"Response": {**answer, "RequestId": request_id}}
    return Response(json.dumps(envelope), media_type="application/json")


def refusal(error: ApiError, request_id: str) -> Response:
    """Why there is no answer, as a response to the request with this id."""
    return packed({"Error": {"Code": error.code, "Message": error.message}}, request_id)

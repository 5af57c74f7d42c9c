"""JSON answers, encoded by orjson."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response


def json_response(
    body: Any, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """`body` as JSON that no cache keeps unless `headers` say so."""
    return Response(
        orjson.dumps(body),
        status_code=status.value,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )

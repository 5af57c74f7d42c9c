"""`GET /livez` and `GET /readyz`, for whoever runs the gateway."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from service_kit.health_client import is_serving
from upload_gateway.adapters import adapters_of
from upload_gateway.json_response import json_response

router = APIRouter()

_CHECK_SECONDS = 1.0


@router.get("/livez")
async def livez() -> Response:
    """200 as long as the process answers at all."""
    return json_response({"status": "alive"})


@router.get("/readyz", responses={503: {"description": "Which services do not answer"}})
async def readyz(request: Request) -> Response:
    """200 while uploads can be taken and told of, 503 with what is missing otherwise."""
    channels = adapters_of(request).channels
    answers = await asyncio.gather(
        *(is_serving(channel, _CHECK_SECONDS) for channel in channels.values())
    )
    missing = [name for name, serving in zip(channels, answers, strict=True) if not serving]
    if missing:
        body = {"status": "not_ready", "missing": missing}
        return json_response(body, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "1"})
    return json_response({"status": "ready"})

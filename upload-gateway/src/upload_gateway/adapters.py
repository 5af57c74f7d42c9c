"""What the routes work with, built once in app.py."""

from dataclasses import dataclass
from typing import cast

import grpc
from starlette.requests import Request

from photo_domain.limits import UploadLimits
from upload_gateway.ingest_client import IngestClient
from upload_gateway.receive_upload import UploadReceiver
from upload_gateway.session import SessionCookies
from upload_gateway.status_client import StatusClient


@dataclass(frozen=True, slots=True)
class Adapters:
    """Everything that lives as long as the process."""

    cookies: SessionCookies
    limits: UploadLimits
    receiver: UploadReceiver
    ingest: IngestClient
    status: StatusClient
    channels: dict[str, grpc.aio.Channel]


def adapters_of(request: Request) -> Adapters:
    """The adapters of the app that serves `request`."""
    return cast("Adapters", request.app.state.adapters)


def viewer_of(request: Request) -> str:
    """Who asks: the owner of the session, empty for a visitor without one."""
    session = adapters_of(request).cookies.read(request)
    return session.owner if session else ""

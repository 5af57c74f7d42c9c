"""What the routes work with, built once in app.py."""

from dataclasses import dataclass, field
from typing import cast

import grpc
from starlette.requests import Request

from photo_domain.limits import UploadLimits
from photo_uploads.receive_upload import UploadReceiver
from photo_uploads.upload_places import UploadPlaces
from upload_gateway.api_keys import ApiKeys
from upload_gateway.caller import Caller, identify, still_holds
from upload_gateway.ingest_client import IngestClient
from upload_gateway.session import SessionCookies
from upload_gateway.status_client import StatusClient, Watcher

_FEW_PLACES = 8


@dataclass(frozen=True, slots=True)
class Adapters:
    """Everything that lives as long as the process.

    `keys_required`: anonymous visitors may nothing that needs a scope.
    """

    cookies: SessionCookies
    limits: UploadLimits
    receiver: UploadReceiver
    ingest: IngestClient
    status: StatusClient
    channels: dict[str, grpc.aio.Channel]
    keys: ApiKeys = field(default_factory=ApiKeys)
    keys_required: bool = False
    cors_origins: frozenset[str] = frozenset()
    places: UploadPlaces = field(default_factory=lambda: UploadPlaces(_FEW_PLACES))


def adapters_of(request: Request) -> Adapters:
    """The adapters of the app that serves `request`."""
    return cast("Adapters", request.app.state.adapters)


def caller_of(request: Request) -> Caller:
    """Who asks. Raises Problem (401 invalid_api_key)."""
    known = getattr(request.state, "caller", None)
    if isinstance(known, Caller):
        return known
    adapters = adapters_of(request)
    return identify(request, adapters.keys, adapters.cookies)


def visitor_of(request: Request) -> str:
    """Whose use of the service this is, for limits (`Caller.visitor`)."""
    return caller_of(request).visitor(request.client.host if request.client else "")


def viewer_of(request: Request) -> str:
    """Who asks, as the records name them; empty for a visitor without session and key."""
    return caller_of(request).owner


def watcher_of(request: Request) -> Watcher:
    """Who asks to follow tasks, for as long as they may."""
    caller, keys = caller_of(request), adapters_of(request).keys
    return Watcher(caller.owner, visitor_of(request), lambda: still_holds(caller, keys))

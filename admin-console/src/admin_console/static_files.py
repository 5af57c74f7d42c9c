"""What the pages consist of besides HTML: our own styles and modules, and those of sqladmin."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

STATIC_PATH = "/admin/static/"
_FOR_A_YEAR = b"public, max-age=31536000, immutable"
# While replicas of two versions serve side by side, the page of one may ask the other: it gets what
# there is, and asks again the next time.
_ASK_AGAIN = b"no-cache"

_OURS, _SQLADMIN = files("admin_console") / "static", files("sqladmin") / "statics"


def _names_and_bytes(folder: Traversable) -> bytes:
    parts = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        content = _names_and_bytes(entry) if entry.is_dir() else entry.read_bytes()
        parts.append(entry.name.encode() + hashlib.sha256(content).digest())
    return b"".join(parts)


# Changes with any name or byte of them: browsers keep the rest for a year.
_VERSION = hashlib.sha256(_names_and_bytes(_OURS) + _names_and_bytes(_SQLADMIN)).hexdigest()[:16]


def asset(path: str) -> str:
    """The address of a file of static/, or of sqladmin's as `sqladmin/…`."""
    return f"{STATIC_PATH}{_VERSION}/{path}"


class _KeptFiles(StaticFiles):
    """Files that browsers keep for as long as their address stays the same."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = _FOR_A_YEAR if scope["path_params"].get("version") == _VERSION else _ASK_AGAIN

        async def send_kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                message["headers"].append((b"cache-control", rule))
            await send(message)

        await super().__call__(scope, receive, send_kept)


routes = [
    Mount(
        f"{STATIC_PATH}{{version}}/sqladmin",
        _KeptFiles(packages=[("sqladmin", "statics")]),
        name="sqladmin_static",
    ),
    Mount(
        f"{STATIC_PATH}{{version}}",
        _KeptFiles(packages=[("admin_console", "static")]),
        name="static",
    ),
]

"""The one setting that says where objects are kept."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_ACCEPTED = (
    "accepted are file:///absolute/folder, s3://bucket/prefix, gs://bucket/prefix, "
    "az://container/prefix and memory://"
)


class StorageUrlError(ValueError):
    """The storage URL cannot be used; the message names what is accepted, never the URL."""


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """How long one call to an object store may take; all in seconds.

    `idle` is the longest silence of the server: it covers sending a whole object and every
    read of an answer. `request` covers a request with its answer. A call that fails is tried
    again at most `retries` times and not later than `retry` seconds after its start, so a call
    ends after `retry + request` at the latest. A put with mode="create" is not tried again
    after a timeout, for it may have been carried out.
    """

    connect: float = 5
    idle: float = 30
    request: float = 300
    retries: int = 3
    retry: float = 30


def open_store(
    url: str, *, allow_http: bool = False, limits: StoreLimits | None = None
) -> "ObjectStore":
    """The store that `url` names; raises StorageUrlError.

    Credentials, region and endpoint come from the variables that the cloud's own tools read
    (AWS_*, GOOGLE_*, AZURE_*), never from the URL. `allow_http` permits an endpoint without
    TLS, such as a store on the same machine. The folder of a file:// URL is made if it is not
    there, readable by its owner only. Every memory:// store is new and empty.

    Makes no connection and starts no thread: safe before a fork, unlike any use of the store.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        # The parser's text quotes the URL, so it is not chained.
        raise StorageUrlError(f"The storage URL is malformed; {_ACCEPTED}.") from None
    if parts.query or parts.fragment:
        raise StorageUrlError(f"The storage URL has a ? or #; {_ACCEPTED}.")
    if "@" in parts.netloc:
        raise StorageUrlError(
            "The storage URL has credentials; they belong in the variables "
            f"of the cloud's own tools; {_ACCEPTED}."
        )
    match parts.scheme:
        case "memory":
            return _memory_store(parts)
        case "file":
            return _file_store(parts)
        case "s3" | "gs" | "az":
            return _cloud_store(parts, allow_http=allow_http, limits=limits or StoreLimits())
        case _:
            raise StorageUrlError(f"The storage URL has an unknown scheme; {_ACCEPTED}.")


def local_folder(url: str) -> Path | None:
    """The folder of a file:// URL that `open_store` took; None for every other store."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _memory_store(parts: SplitResult) -> MemoryStore:
    if parts.netloc or parts.path.strip("/"):
        raise StorageUrlError("A memory:// storage URL has nothing behind the slashes.")
    return MemoryStore()


def _file_store(parts: SplitResult) -> LocalStore:
    if parts.netloc not in {"", "localhost"}:
        raise StorageUrlError(
            "A file:// storage URL needs three slashes, as in file:///absolute/folder."
        )
    folder = Path(unquote(parts.path))
    if not folder.is_absolute() or folder == Path("/") or "\0" in str(folder):
        raise StorageUrlError(
            "A file:// storage URL needs an absolute folder other than the root folder."
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUrlError(
            f"The storage folder cannot be made: {error.strerror or 'unknown reason'}."
        ) from error
    # A deleted photo takes its empty folders along; a put that finds none makes them again.
    return LocalStore(folder, automatic_cleanup=True)


def _cloud_store(parts: SplitResult, *, allow_http: bool, limits: StoreLimits) -> "ObjectStore":
    if not parts.netloc:
        raise StorageUrlError(f"The storage URL names no bucket; {_ACCEPTED}.")
    client: ClientConfig = {
        "allow_http": allow_http,
        "connect_timeout": timedelta(seconds=limits.connect),
        "read_timeout": timedelta(seconds=limits.idle),
        "timeout": timedelta(seconds=limits.request),
    }
    retry: RetryConfig = {
        "max_retries": limits.retries,
        "retry_timeout": timedelta(seconds=limits.retry),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }
    try:
        return from_url(parts.geturl(), client_options=client, retry_config=retry)
    except (BaseError, ValueError):
        # Not chained: obstore's text may quote a credential that it could not read.
        raise StorageUrlError(
            f"The {parts.scheme}:// store cannot be set up: check the bucket's name and "
            f"the {_VARIABLES[parts.scheme]} variables."
        ) from None


_VARIABLES = {"s3": "AWS_*", "gs": "GOOGLE_*", "az": "AZURE_*"}

"""What is counted of uploads, whatever brings them."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from prometheus_client import Counter

from photo_domain.errors import ErrorCode
from photo_domain.rejection import Rejection, RejectionCode
from photo_uploads.upload_places import ShareTakenError


class UploadOutcome(StrEnum):
    """What became of an upload."""

    ACCEPTED = "accepted"
    # Its sender has to change something, or sent more at once than one visitor may.
    REFUSED = "refused"
    # It was good, as far as anybody knows, and was not taken: this counts against the service.
    FAILED = "failed"
    # Its sender went away before its end.
    BROKEN_OFF = "broken_off"


_INTERNAL = "internal"
_FAILING = frozenset(
    {
        ErrorCode.OVER_CAPACITY,
        ErrorCode.STORAGE_UNAVAILABLE,
        ErrorCode.DATABASE_UNAVAILABLE,
        ErrorCode.OUTCOME_UNKNOWN,
        ErrorCode.TASK_EXISTS,
    }
)
# What the gateway calls an upload whose sender hung up.
_HUNG_UP = "client_disconnected"

_UPLOADS = Counter(
    "photo_uploads_total", "Uploads by what became of them and why", ["outcome", "code"]
)
_FILES = Counter("photo_upload_files_total", "Files of uploads that came to an end", ["outcome"])
_BYTES = Counter("photo_upload_bytes_total", "Bytes of the files that were accepted")
_REJECTIONS = Counter(
    "photo_upload_rejections_total", "Reasons for which files were refused", ["code"]
)

# From the start, so that the first failure is an increase.
_UPLOADS.labels(UploadOutcome.ACCEPTED, "")
for _code in (*_FAILING, _INTERNAL):
    _UPLOADS.labels(UploadOutcome.FAILED, _code)
for _outcome in (UploadOutcome.ACCEPTED, UploadOutcome.REFUSED):
    _FILES.labels(_outcome)
for _reason in RejectionCode:
    _REJECTIONS.labels(_reason)


@contextmanager
def counted_upload(also_failing: Collection[str] = ()) -> Iterator[None]:
    """Count what becomes of the upload that is received in this block.

    An error with a `code` is a refusal, but for those that are the service's own fault:
    `also_failing` names codes that only this transport has for such.
    """
    for own_fault in also_failing:
        _UPLOADS.labels(UploadOutcome.FAILED, own_fault)
    try:
        yield
    except asyncio.CancelledError:
        _UPLOADS.labels(UploadOutcome.BROKEN_OFF, "").inc()
        raise
    except Exception as error:
        told = getattr(error, "code", None)
        # The errors of other libraries have something else by that name.
        code = str(told) if isinstance(told, str) else _INTERNAL
        is_own_doing = isinstance(error, ShareTakenError)
        outcome = UploadOutcome.REFUSED if is_own_doing else _outcome_of(code, also_failing)
        _UPLOADS.labels(outcome, code).inc()
        raise
    _UPLOADS.labels(UploadOutcome.ACCEPTED, "").inc()


def count_rejected(files: Sequence[Sequence[Rejection]]) -> None:
    """Count the refused files of an upload by their reasons."""
    _FILES.labels(UploadOutcome.REFUSED).inc(len(files))
    for rejections in files:
        for rejection in rejections:
            _REJECTIONS.labels(rejection.code).inc()


def count_accepted(sizes: Sequence[int]) -> None:
    """Count files that were registered, of `sizes` in bytes."""
    _FILES.labels(UploadOutcome.ACCEPTED).inc(len(sizes))
    _BYTES.inc(sum(sizes))


def _outcome_of(code: str, also_failing: Collection[str]) -> UploadOutcome:
    if code == _HUNG_UP:
        return UploadOutcome.BROKEN_OFF
    if code == _INTERNAL or code in _FAILING or code in also_failing:
        return UploadOutcome.FAILED
    return UploadOutcome.REFUSED

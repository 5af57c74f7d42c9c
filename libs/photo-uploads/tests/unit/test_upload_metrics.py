"""Every upload counts once, by what became of it."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.rejection import Rejection, RejectionCode
from photo_uploads.upload_metrics import (
    UploadOutcome,
    count_accepted,
    count_rejected,
    counted_upload,
)
from photo_uploads.upload_places import ShareTakenError


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, f"{name}{labels} is not told"
    return found


class TransportRefusalError(Exception):
    """As the gateway has one."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ForeignError(Exception):
    """As gRPC has one."""

    def code(self) -> str:
        return "UNAVAILABLE"


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (RequestError(ErrorCode.NO_VALID_FILES, ""), UploadOutcome.REFUSED, "no_valid_files"),
        (RequestError(ErrorCode.QUOTA_EXCEEDED, ""), UploadOutcome.REFUSED, "quota_exceeded"),
        (RequestError(ErrorCode.INVALID_ARGUMENT, ""), UploadOutcome.REFUSED, "invalid_argument"),
        (TransportRefusalError("not_multipart"), UploadOutcome.REFUSED, "not_multipart"),
        (RequestError(ErrorCode.OVER_CAPACITY, ""), UploadOutcome.FAILED, "over_capacity"),
        (ShareTakenError(), UploadOutcome.REFUSED, "over_capacity"),
        (ForeignError(), UploadOutcome.FAILED, "internal"),
        (
            RequestError(ErrorCode.STORAGE_UNAVAILABLE, ""),
            UploadOutcome.FAILED,
            "storage_unavailable",
        ),
        (RequestError(ErrorCode.OUTCOME_UNKNOWN, ""), UploadOutcome.FAILED, "outcome_unknown"),
        (ZeroDivisionError(), UploadOutcome.FAILED, "internal"),
        (TransportRefusalError("client_disconnected"), UploadOutcome.BROKEN_OFF, None),
        (asyncio.CancelledError(), UploadOutcome.BROKEN_OFF, ""),
    ],
    ids=str,
)
def test_an_upload_that_ends_in_an_error_is_counted_by_whose_fault_it_was(
    error: BaseException, outcome: UploadOutcome, code: str | None
) -> None:
    code = "client_disconnected" if code is None else code
    labels = {"outcome": outcome, "code": code}
    before = REGISTRY.get_sample_value("photo_uploads_total", labels) or 0
    with pytest.raises(type(error)), counted_upload():
        raise error
    assert value("photo_uploads_total", **labels) == before + 1


def test_what_only_one_transport_has_for_a_fault_of_ours_counts_against_the_service() -> None:
    labels = {"outcome": UploadOutcome.FAILED, "code": ErrorCode.INVALID_ARGUMENT}
    before = REGISTRY.get_sample_value("photo_uploads_total", labels) or 0
    with counted_upload({ErrorCode.INVALID_ARGUMENT}):
        pass
    # Told before the first, so that it is an increase.
    assert value("photo_uploads_total", **labels) == before
    with pytest.raises(RequestError), counted_upload({ErrorCode.INVALID_ARGUMENT}):
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "")
    assert value("photo_uploads_total", **labels) == before + 1


def test_an_accepted_upload_is_counted_with_its_files_and_bytes() -> None:
    uploads = value("photo_uploads_total", outcome="accepted", code="")
    files = value("photo_upload_files_total", outcome="accepted")
    size = value("photo_upload_bytes_total")
    with counted_upload():
        count_accepted([1_000, 24])
    assert value("photo_uploads_total", outcome="accepted", code="") == uploads + 1
    assert value("photo_upload_files_total", outcome="accepted") == files + 2
    assert value("photo_upload_bytes_total") == size + 1_024


def test_a_refused_file_counts_once_and_each_of_its_reasons_too() -> None:
    reasons = (RejectionCode.EMPTY_FILE, RejectionCode.NAME_TOO_LONG)
    files = value("photo_upload_files_total", outcome="refused")
    before = [value("photo_upload_rejections_total", code=code) for code in reasons]
    count_rejected([[Rejection(code, "") for code in reasons], [Rejection(reasons[0], "")]])
    assert value("photo_upload_files_total", outcome="refused") == files + 2
    after = [value("photo_upload_rejections_total", code=code) for code in reasons]
    assert after == [before[0] + 2, before[1] + 1]


def test_failures_are_told_before_there_are_any() -> None:
    for code in ("internal", "over_capacity", "storage_unavailable", "database_unavailable"):
        assert value("photo_uploads_total", outcome="failed", code=code) >= 0

"""`RequestError` as `google.rpc.Status` and back.

Source: https://google.aip.dev/193 and grpc's examples/python/errors.
"""

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from photo_domain.errors import ErrorCode, FieldViolation, RequestError

DOMAIN = "photo-uploading-service"
# How long a caller should wait before it repeats a call that was refused as unavailable.
RETRY_DELAY_SECONDS = 1
# Clients refuse trailers of more than 8 KiB, and with them the whole reason.
_MAX_VIOLATIONS = 20
_MAX_VIOLATION_CHARACTERS = 200

_STATUS_CODES = {
    ErrorCode.INVALID_ARGUMENT: code_pb2.INVALID_ARGUMENT,
    ErrorCode.TASK_EXISTS: code_pb2.ALREADY_EXISTS,
    ErrorCode.IDEMPOTENCY_MISMATCH: code_pb2.FAILED_PRECONDITION,
    ErrorCode.QUOTA_EXCEEDED: code_pb2.RESOURCE_EXHAUSTED,
    ErrorCode.NO_FILES: code_pb2.INVALID_ARGUMENT,
    ErrorCode.NO_VALID_FILES: code_pb2.INVALID_ARGUMENT,
    ErrorCode.TOO_MANY_FILES: code_pb2.INVALID_ARGUMENT,
    ErrorCode.BODY_TOO_LARGE: code_pb2.INVALID_ARGUMENT,
    ErrorCode.BODY_TOO_SLOW: code_pb2.DEADLINE_EXCEEDED,
    ErrorCode.OVER_CAPACITY: code_pb2.RESOURCE_EXHAUSTED,
    ErrorCode.UNKNOWN_TASK: code_pb2.NOT_FOUND,
    ErrorCode.UNKNOWN_BATCH: code_pb2.NOT_FOUND,
    ErrorCode.UNKNOWN_OBJECT: code_pb2.NOT_FOUND,
    ErrorCode.TASK_NOT_FAILED: code_pb2.FAILED_PRECONDITION,
    ErrorCode.TASK_ENDED: code_pb2.FAILED_PRECONDITION,
    ErrorCode.OPERATOR_REQUIRED: code_pb2.PERMISSION_DENIED,
    ErrorCode.TOO_MANY_STREAMS: code_pb2.RESOURCE_EXHAUSTED,
    ErrorCode.STREAM_INTERRUPTED: code_pb2.UNAVAILABLE,
    ErrorCode.DATABASE_UNAVAILABLE: code_pb2.UNAVAILABLE,
    ErrorCode.STORAGE_UNAVAILABLE: code_pb2.UNAVAILABLE,
    ErrorCode.OUTCOME_UNKNOWN: code_pb2.ABORTED,
}
# What may be otherwise a moment later.
_PASSING = (code_pb2.UNAVAILABLE, code_pb2.ABORTED, code_pb2.RESOURCE_EXHAUSTED)


def status_of(error: RequestError) -> grpc.Status:
    """The status of `error` with ErrorInfo, and BadRequest and RetryInfo where they help."""
    details = [_packed(error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN))]
    if error.violations:
        details.append(
            _packed(
                error_details_pb2.BadRequest(
                    field_violations=[
                        error_details_pb2.BadRequest.FieldViolation(
                            field=violation.field[:_MAX_VIOLATION_CHARACTERS],
                            description=violation.description[:_MAX_VIOLATION_CHARACTERS],
                        )
                        for violation in error.violations[:_MAX_VIOLATIONS]
                    ]
                )
            )
        )
    code = _STATUS_CODES[error.code]
    if code in _PASSING and error.code is not ErrorCode.QUOTA_EXCEEDED:
        delay = duration_pb2.Duration(seconds=RETRY_DELAY_SECONDS)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return rpc_status.to_status(status_pb2.Status(code=code, message=error.detail, details=details))


def internal_status() -> grpc.Status:
    """The status of an unexpected error: its text stays in the log."""
    message = "The service met an unexpected error; its log has the details."
    return _plain_status(code_pb2.INTERNAL, "internal", message)


def deadline_status() -> grpc.Status:
    """The status of a call that took longer than it may."""
    return _plain_status(code_pb2.DEADLINE_EXCEEDED, "deadline", "The call took too long.")


def request_error_of(error: grpc.aio.AioRpcError) -> RequestError | None:
    """The refusal that the server stated, or None where the call itself failed.

    None means that the server may have done what was asked: connections break, deadlines pass.
    """
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it reads three methods
    except ValueError:
        # The details contradict the call, as when the client refused what the server sent.
        return None
    if status is None:
        return None
    code: ErrorCode | None = None
    violations: list[FieldViolation] = []
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(info) and info.domain == DOMAIN and info.reason in set(ErrorCode):
            code = ErrorCode(info.reason)
        elif detail.Unpack(bad_request):
            violations = [
                FieldViolation(violation.field, violation.description)
                for violation in bad_request.field_violations
            ]
    return RequestError(code, status.message, violations) if code else None


def _plain_status(code: int, reason: str, message: str) -> grpc.Status:
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)
    return rpc_status.to_status(
        status_pb2.Status(code=code, message=message, details=[_packed(info)])
    )


def _packed(
    message: error_details_pb2.ErrorInfo
    | error_details_pb2.BadRequest
    | error_details_pb2.RetryInfo,
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed

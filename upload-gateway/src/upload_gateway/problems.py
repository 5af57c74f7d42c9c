"""Errors as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from photo_domain.errors import ErrorCode, RequestError
from upload_gateway.web_page import wants_page, web_page

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 2

_STATUS = {
    ErrorCode.IDEMPOTENCY_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    # RFC 4331, section 6: what exceeds a quota is 507.
    ErrorCode.QUOTA_EXCEEDED: HTTPStatus.INSUFFICIENT_STORAGE,
    ErrorCode.NO_FILES: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.NO_VALID_FILES: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_MANY_FILES: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.BODY_TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    ErrorCode.OVER_CAPACITY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.UNKNOWN_TASK: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_BATCH: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_OBJECT: HTTPStatus.NOT_FOUND,
    ErrorCode.TASK_NOT_FAILED: HTTPStatus.CONFLICT,
    ErrorCode.TOO_MANY_STREAMS: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.DATABASE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.STORAGE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.OUTCOME_UNKNOWN: HTTPStatus.SERVICE_UNAVAILABLE,
}

# RFC 6750 3.
_CHALLENGES = {
    "authentication_required": "Bearer",
    "invalid_api_key": 'Bearer error="invalid_token"',
    "insufficient_scope": 'Bearer error="insufficient_scope"',
}

_log = structlog.get_logger(__name__)


class ProblemDocument(BaseModel):
    """The body of every error (RFC 9457); `code` is stable for programs."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """An error that its caller may read as it is."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.extensions = dict(extensions or {})


def unavailable(code: str, detail: str) -> Problem:
    """Something that we depend on does not answer now; the response says when to try again."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail)


def client_disconnected() -> Problem:
    """Nobody reads this; it only ends the request without a traceback."""
    return Problem(HTTPStatus.BAD_REQUEST, "client_disconnected", "The upload broke off.")


def problem_response(problem: Problem, request: Request) -> Response:
    """The response that tells of `problem`; a page where `request` comes from a browser's form."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "code": problem.code,
        "detail": problem.detail,
        **problem.extensions,
    }
    if wants_page(request):
        response = web_page(request, "problem.html", {"problem": body}, problem.status)
    else:
        response = Response(
            orjson.dumps(body),
            status_code=problem.status.value,
            headers={"Cache-Control": "no-store"},
            media_type=PROBLEM_JSON,
        )
    if challenge := _CHALLENGES.get(problem.code):
        response.headers["WWW-Authenticate"] = challenge
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the app as a problem, the framework's own included."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestError, _answer_request_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(Exception, _answer_unexpected)


def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request)


def _answer_request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    status = _STATUS.get(error.code)
    if status is None:
        # The gateway broke a rule of an internal contract: its caller cannot mend that.
        _log.error("internal_contract_broken", code=error.code, violations=error.violations)
        return _answer_unexpected(request, error)
    return problem_response(Problem(status, error.code, error.detail), request)


def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    problem = Problem(status, status.name.lower(), status.description or status.phrase)
    response = problem_response(problem, request)
    response.headers.update(error.headers or {})
    return response


def _answer_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(str(part) for part in each["loc"]), "detail": each["msg"]}
        for each in error.errors()
    ]
    return problem_response(
        Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            "The request has fields that are missing or wrong.",
            {"errors": errors},
        ),
        request,
    )


def _answer_unexpected(request: Request, _error: Exception) -> Response:
    # The server logs the traceback: Starlette raises the error again after this answer.
    return problem_response(
        Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "The service met an unexpected error; quote the X-Request-ID when you report it.",
        ),
        request,
    )

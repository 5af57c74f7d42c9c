"""The description of the whole API (OpenAPI 3.1): the routes', and what is true of every call."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from upload_gateway.access_rules import Free, rule_of
from upload_gateway.api_key_file import Scope
from upload_gateway.openapi_links import links_of
from upload_gateway.openapi_parts import response_headers
from upload_gateway.problems import PROBLEM_JSON, ProblemDocument

_Operation = dict[str, Any]

_API = "/api/"

_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemDocument"}
# As FastAPI describes a response with that model, whatever its media type.
_PROBLEM_CONTENT = {"application/json": {"schema": _PROBLEM_SCHEMA}}

# What the connection refuses, whatever it is that is asked for.
_BEFORE_ANY_ROUTE = {
    HTTPStatus.BAD_REQUEST: "malformed_request",
    HTTPStatus.REQUEST_TIMEOUT: "headers_too_slow",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "headers_too_large",
    HTTPStatus.NOT_IMPLEMENTED: "unknown_transfer_coding",
}

_REQUEST_ID = {
    "X-Request-ID": {
        "description": "The id of this request in the logs, the client's own if it sent one",
        "schema": {"type": "string"},
    }
}
# https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
_RATE_LIMITS = response_headers(
    {
        "RateLimit-Policy": "The windows in which requests and bytes are counted",
        "RateLimit": "What is left of each window, and when it is full again",
    }
)
_CHALLENGE = response_headers({"WWW-Authenticate": "`Bearer`, with an `error` (RFC 6750 3)"})
_SECURITY_SCHEMES = {
    "api_key": {"type": "http", "scheme": "bearer"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "The cookie that GET /api/csrf sets",
    },
}


def complete_openapi(app: FastAPI, *, keys_required: bool) -> None:
    """Let `app` describe every call with what surrounds its route: ids, access, problems, links.

    `keys_required`: anonymous visitors may nothing that needs a scope.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            # FastAPI keeps what it returns as openapi_schema, and this changes it in place.
            _complete(described(), keys_required=keys_required)
        assert app.openapi_schema is not None
        return app.openapi_schema

    # As FastAPI documents it: https://fastapi.tiangolo.com/how-to/extending-openapi/
    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], *, keys_required: bool) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components["securitySchemes"] = _SECURITY_SCHEMES
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    for path, method, operation in _operations(document):
        operation["operationId"] = operation["operationId"].removesuffix(_suffix(path, method))
        _say_what_may_go_wrong(operation)
        _say_who_may_call(path, method, operation, keys_required=keys_required)
        for status, response in operation["responses"].items():
            if _is_problem(response):
                _make_problem(int(status), response)
            response.setdefault("headers", {}).update(_REQUEST_ID)
            if path.startswith(_API):
                response["headers"].update(_RATE_LIMITS)
            if links := links_of(operation["operationId"], status):
                response["links"] = links


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, _Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _suffix(path: str, method: str) -> str:
    """What FastAPI appends to a route's name to make an operation id of it."""
    return "".join(each if each.isalnum() else "_" for each in f"_{path.lstrip('/')}_{method}")


def _say_what_may_go_wrong(operation: _Operation) -> None:
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        schema = responses["422"]["content"]["application/json"]["schema"]
        if schema.get("$ref", "").endswith("HTTPValidationError"):
            # FastAPI's own: a path alone cannot be invalid.
            del responses["422"]
            if any(each["in"] == "query" for each in operation["parameters"]):
                _add(responses, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request")
    for status, code in _BEFORE_ANY_ROUTE.items():
        _add(responses, status, code)
    _add(responses, HTTPStatus.INTERNAL_SERVER_ERROR, "internal")


def _say_who_may_call(
    path: str, method: str, operation: _Operation, *, keys_required: bool
) -> None:
    if not path.startswith(_API):
        return
    responses = operation["responses"]
    _add(responses, HTTPStatus.TOO_MANY_REQUESTS, "rate_limited")
    rule = rule_of(method.upper(), path)
    _add(responses, HTTPStatus.UNAUTHORIZED, "invalid_api_key")
    if rule is Free.FOR_ALL:
        return
    operation["security"] = [{"api_key": []}, {"session": []}]
    if rule is Free.WITH_KEY:
        operation["security"] = [{"api_key": []}, {"session": []}]
    else:
        _add(responses, HTTPStatus.FORBIDDEN, "insufficient_scope")
        if rule is Scope.READ and not keys_required:
            operation["security"].append({})
    _add(responses, HTTPStatus.UNAUTHORIZED, "authentication_required")


def _add(responses: dict[str, Any], status: HTTPStatus, code: str) -> None:
    response = responses.setdefault(
        str(status.value), {"description": code, "content": _PROBLEM_CONTENT}
    )
    if code not in response["description"]:
        response["description"] += f", {code}"


def _is_problem(response: dict[str, Any]) -> bool:
    # FastAPI describes it with the media type of the route's own answer.
    contents = response.get("content", {}).values()
    return any(content.get("schema") == _PROBLEM_SCHEMA for content in contents)


def _make_problem(status: int, response: dict[str, Any]) -> None:
    code = response["description"].partition(",")[0]
    response["content"] = {
        PROBLEM_JSON: {
            "schema": _PROBLEM_SCHEMA,
            "example": {
                "type": "about:blank",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "code": code,
                "detail": "What is wrong, in a sentence for people.",
            },
        },
        # Whoever accepts it has asked for a page.
        "text/html": {"schema": {"type": "string"}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        response.setdefault("headers", {}).update(_CHALLENGE)
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        response.setdefault("headers", {}).setdefault(
            "Retry-After",
            {"description": "In how many seconds to try again", "schema": {"type": "integer"}},
        )

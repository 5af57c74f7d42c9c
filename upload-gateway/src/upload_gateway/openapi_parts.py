"""What the descriptions of the routes are made of (OpenAPI 3.1)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from upload_gateway.problems import ProblemDocument

Responses = dict[int | str, dict[str, Any]]


def problems(codes: Mapping[HTTPStatus, str]) -> Responses:
    """The responses of a route that are problems, with the codes that each can have."""
    return {
        status.value: {"model": ProblemDocument, "description": described}
        for status, described in codes.items()
    }


def response_headers(descriptions: Mapping[str, str]) -> dict[str, Any]:
    """Headers of a response, each with what it says."""
    return {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in descriptions.items()
    }


def header_parameter(name: str, description: str, example: str) -> dict[str, Any]:
    """A header that a client may send, read by hand and not by the framework."""
    return {
        "in": "header",
        "name": name,
        "required": False,
        "schema": {"type": "string"},
        "description": description,
        "example": example,
    }


LANGUAGE_CHOSEN: Responses = {
    HTTPStatus.SEE_OTHER.value: {
        "description": "A language was chosen with `?language=en` or `?language=ru`",
        "headers": response_headers({"Location": "The same page", "Set-Cookie": "The language"}),
    }
}

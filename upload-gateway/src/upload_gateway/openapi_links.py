"""What a client can do with an answer, as links of its description (OpenAPI 3.1, 4.8.20)."""

from collections.abc import Mapping
from typing import Any

# Runtime expressions (4.8.20.4).
_TASK = {"task_id": "$response.body#/task_id"}
_FIRST_TASK = {"task_id": "$response.body#/task_ids/0"}
_FIRST_LISTED = {"task_id": "$response.body#/tasks/0/task_id"}
_BATCH = {"batch_id": "$response.body#/batch_id"}
_FIRST_RENDITION = {**_TASK, "name": "$response.body#/result/renditions/0/name"}
_KNOWN_STATE = {**_TASK, "header.If-None-Match": "$response.header.ETag"}
# Operation and status to the operations that it leads to.
_LINKS: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]] = {
    ("upload", "202"): {
        "batch": _BATCH,
        "events": _BATCH,
        "task_status": _FIRST_TASK,
        "task_statuses": {"task_id": "$response.body#/task_ids"},
        "original": _FIRST_TASK,
        "delete": _FIRST_TASK,
    },
    ("batch", "200"): {
        "events": _BATCH,
        "task_status": _FIRST_LISTED,
        "delete": _FIRST_LISTED,
    },
    ("tasks", "200"): {"task_status": _FIRST_LISTED},
    ("task_status", "200"): {
        "batch": _BATCH,
        "task_status": _KNOWN_STATE,
        "rendition": _FIRST_RENDITION,
        "original": _TASK,
        "retry": _TASK,
        "delete": _TASK,
    },
    ("retry", "202"): {"batch": _BATCH, "task_status": _TASK, "delete": _TASK},
}


def links_of(operation: str, status: str) -> dict[str, Any]:
    """The links of an answer, named as the operations that they lead to."""
    return {
        target: {"operationId": target, "parameters": dict(parameters)}
        for target, parameters in _LINKS.get((operation, status), {}).items()
    }

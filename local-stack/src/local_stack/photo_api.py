"""The HTTP API as a script uses it."""

from collections.abc import Sequence
from typing import Any

import httpx

from local_stack.sample_photos import SamplePhoto
from local_stack.stack_error import StackError

_TIMEOUT_SECONDS = 30


class PhotoApi:
    """A visitor of the gateway at `base_url`: with an API key, else with a session's cookie."""

    def __init__(self, base_url: str, api_key: str | None = None) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=_TIMEOUT_SECONDS, trust_env=False)
        if api_key:
            self._client.headers["Authorization"] = f"Bearer {api_key}"

    def __enter__(self) -> "PhotoApi":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._client.close()

    def upload(self, photos: Sequence[SamplePhoto]) -> Any:
        """Upload all of them in one request; return the body of the 202."""
        # Null with a key, which needs none.
        token = self._json(self._client.get("/api/csrf"))["csrf_token"]
        headers = {"X-CSRFToken": token} if token else {}
        files = [("images", (each.file_name, each.content, each.content_type)) for each in photos]
        return self._json(self._client.post("/api/upload/", files=files, headers=headers))

    def tasks(self, task_ids: Sequence[str]) -> Any:
        """The tasks as they stand, in the order of `task_ids`."""
        query = {"task_id": list(task_ids)}
        return self._json(self._client.get("/api/task-status/", params=query))["tasks"]

    def _json(self, answer: httpx.Response) -> Any:
        if answer.is_error:
            raise StackError(
                f"{answer.request.method} {answer.request.url.path} was answered "
                f"{answer.status_code}: {answer.text[:500]}"
            )
        return answer.json()

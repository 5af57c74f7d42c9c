"""`python -m local_stack demo`: upload sample photos and show what becomes of them."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local_stack.photo_api import PhotoApi
from local_stack.ports import HOST
from local_stack.readiness import http_answers
from local_stack.results_table import results_table
from local_stack.running_stack import running_stack
from local_stack.sample_photos import Expected, SamplePhoto, sample_photos
from local_stack.settings import StackSettings, chosen_variables, whole_environment
from local_stack.stack_error import StackError
from local_stack.stack_folder import StackFolder

_ALL_DONE_WITHIN_SECONDS = 60
_POLL_SECONDS = 0.2


def run_demo(settings: StackSettings) -> int:
    """Use the stack that answers, else one for the time of the demo; 0 if all went as expected."""
    console = Console()
    photos = sample_photos()
    with _stack(settings, console) as base_url, PhotoApi(base_url, _api_key(settings)) as api:
        answer = api.upload(photos)
        tasks = _wait_for_results(api, answer["task_ids"], console)
        console.print(results_table(tasks, answer["rejected"]))
        surprises = _surprises(photos, tasks, answer["rejected"])
        for surprise in surprises:
            console.print(surprise, style="red")
    return 1 if surprises else 0


def _api_key(settings: StackSettings) -> str | None:
    """The stack's key where none gets in without: the one that answers may be of another folder."""
    if chosen_variables().get("AUTH") != "required":
        return None
    return StackFolder(settings.local_dir).api_key.read_text("ascii").strip()


@contextmanager
def _stack(settings: StackSettings, console: Console) -> Iterator[str]:
    if http_answers(settings.gateway_port, "/readyz")():
        yield f"http://{HOST}:{settings.gateway_port}"
        return
    console.print("Nothing answers yet: starting the stack for this demo.")
    with running_stack(whole_environment(), settings.local_dir, settings.gateway_port) as stack:
        yield stack.base_url
        console.print("Stopping the stack. `make run` keeps it running.")


def _wait_for_results(
    api: PhotoApi, task_ids: Sequence[str], console: Console
) -> Sequence[Mapping[str, Any]]:
    deadline = time.monotonic() + _ALL_DONE_WITHIN_SECONDS
    pause = threading.Event()  # nobody sets it: it only paces the polls
    columns = (TextColumn("Processing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        line = progress.add_task("", total=len(task_ids))
        while True:
            tasks: Sequence[Mapping[str, Any]] = api.tasks(task_ids)
            done = sum(task["status"] in {"SUCCESS", "FAILURE"} for task in tasks)
            progress.update(line, completed=done)
            if done == len(task_ids):
                return tasks
            if time.monotonic() > deadline:
                raise StackError(
                    f"{len(task_ids) - done} of {len(task_ids)} photos had no result after "
                    f"{_ALL_DONE_WITHIN_SECONDS} s"
                )
            pause.wait(_POLL_SECONDS)


def _surprises(
    photos: Sequence[SamplePhoto],
    tasks: Sequence[Mapping[str, Any]],
    rejected: Sequence[Mapping[str, Any]],
) -> list[str]:
    ends = {str(task["file_name"]): str(task["status"]).lower() for task in tasks}
    ends |= {str(file["file_name"]): Expected.REJECTED.value for file in rejected}
    return [
        f"{photo.file_name}: {photo.expected} was expected, "
        f"and it ended as {ends.get(photo.file_name, 'nothing')}"
        for photo in photos
        if ends.get(photo.file_name) != photo.expected.value
    ]

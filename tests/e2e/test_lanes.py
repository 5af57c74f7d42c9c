"""A large upload does not hold up a small one that comes after it."""

import sys
from datetime import datetime
from typing import Any

from local_stack.running_stack import temporary_stack

BULK_UPLOADS = 20
BULK_FILES = 100
MOST_BULK_BETWEEN = 20


def test_an_upload_of_three_passes_two_thousand_that_wait(
    make_api: Any, make_picture: Any, open_state: Any, standing_still: Any, wait_until: Any
) -> None:
    picture = make_picture("JPEG", (32, 32))
    with temporary_stack() as stack:
        api, state = make_api(stack.base_url), open_state(stack)
        # Nothing is taken from the queue while it fills.
        with standing_still(stack.processes()["worker"]["pid"]):
            for _ in range(BULK_UPLOADS):
                files = [(f"{number}.jpg", picture) for number in range(BULK_FILES)]
                assert api.upload(files).status_code == 202
        ended = "SELECT count(*) FROM photos WHERE lane = 'bulk' AND status = 'SUCCESS'"
        wait_until(lambda: state.count(ended) > 0, "the worker is in the middle of the bulk")

        answer = api.upload([(f"{number}.jpg", picture) for number in range(3)]).json()
        tasks = api.wait(answer["task_ids"])
        assert {task["status"] for task in tasks} == {"SUCCESS"}
        # The rows' own clock; their birth is a little before the 202.
        born, last = answer["accepted"][0]["created_at"], max(t["finished_at"] for t in tasks)
        between = state.count(f"{ended} AND finished_at BETWEEN %s AND %s", born, last)
        waiting = state.count("SELECT count(*) FROM photos WHERE status = 'PENDING'")
        seconds = (datetime.fromisoformat(last) - datetime.fromisoformat(born)).total_seconds()
        sys.stdout.write(
            f"{between} bulk files ended in the {seconds:.2f} s between the 202 of an upload of"
            f" three and its last SUCCESS; {waiting} bulk files were still waiting"
        )
        assert between <= MOST_BULK_BETWEEN
        assert waiting > 0

"""An upload that is repeated with its Idempotency-Key is one upload."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

KEY = {"Idempotency-Key": '"a key of a test"'}


def upload(api: Any, headers: dict[str, str], *files: tuple[str, bytes]) -> httpx.Response:
    parts = [("images", (name, content)) for name, content in files]
    return api.http.post("/api/upload/", files=parts, headers=headers)


def test_a_replay_gets_the_whole_first_answer_and_leaves_nothing_new(
    api: Any, jpeg: bytes, state: Any
) -> None:
    files = [("a.jpg", jpeg), ("notes.txt", b"text"), ("b.jpg", jpeg)]
    first = upload(api, KEY, *files)
    before = state.photos(), state.batches(), state.originals()
    again = upload(api, KEY, *files)
    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    assert (state.photos(), state.batches(), state.originals()) == before


def test_the_same_key_with_other_files_is_refused_and_leaves_nothing(
    api: Any, jpeg: bytes, state: Any
) -> None:
    assert upload(api, KEY, ("a.jpg", jpeg)).status_code == 202
    before = state.photos(), state.originals()
    for files in ([("other.jpg", jpeg)], [("a.jpg", jpeg), ("b.jpg", jpeg)]):
        answer = upload(api, KEY, *files)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert (state.photos(), state.originals()) == before


def test_an_upload_without_a_valid_file_leaves_its_key_free(
    api: Any, jpeg: bytes, state: Any
) -> None:
    before = state.photos(), state.batches(), state.originals()
    refused = upload(api, KEY, ("notes.txt", b"text"))
    assert (refused.status_code, refused.json()["code"]) == (422, "no_valid_files")
    assert (state.photos(), state.batches(), state.originals()) == before
    accepted = upload(api, KEY, ("a.jpg", jpeg))
    assert accepted.status_code == 202
    assert upload(api, KEY, ("a.jpg", jpeg)).json() == accepted.json()
    assert state.photos() == before[0] + 1


def test_of_many_at_once_all_get_the_answer_of_one(api: Any, jpeg: bytes, state: Any) -> None:
    photos, originals = state.photos(), len(state.originals())
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: upload(api, KEY, ("a.jpg", jpeg)), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert state.photos() == photos + 1
    assert len(state.originals()) == originals + 1


def test_a_key_belongs_to_its_owner(api: Any, make_api: Any, jpeg: bytes) -> None:
    mine = upload(api, KEY, ("a.jpg", jpeg)).json()
    theirs = upload(make_api(api.base_url), KEY, ("a.jpg", jpeg)).json()
    assert mine["batch_id"] != theirs["batch_id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tin it"])
def test_a_key_that_is_none_is_refused(api: Any, jpeg: bytes, key: str) -> None:
    answer = upload(api, {"Idempotency-Key": key}, ("a.jpg", jpeg))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")

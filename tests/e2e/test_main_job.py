"""The main job on real photos and on files made to be refused."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MIB = 1024 * 1024


def test_every_good_file_succeeds_and_every_bad_one_is_rejected_with_its_code(
    api: Any, samples: list[Path], pdf: bytes, make_picture: Any
) -> None:
    png = make_picture("PNG", (64, 64))
    good = [(path.name, path.read_bytes()) for path in samples] + [("scan.pdf", pdf)]
    bad = {
        "notes.txt": (b"plain text", ["unsupported_extension"]),
        "text.jpg": (b"This is not a JPEG at all.", ["content_mismatch"]),
        "large.png": (png + bytes(5 * MIB + 1 - len(png)), ["file_too_large"]),
        "empty.webp": (b"", ["empty_file"]),
        "n" * 252 + ".jpg": (make_picture("JPEG"), ["name_too_long"]),
    }
    answer = api.upload(good + [(name, content) for name, (content, _codes) in bad.items()])

    assert answer.status_code == 202
    body = answer.json()
    assert {
        rejected["file_name"]: [error["code"] for error in rejected["errors"]]
        for rejected in body["rejected"]
    } == {name[:255]: codes for name, (_content, codes) in bad.items()}
    assert [task["file_name"] for task in body["accepted"]] == [name for name, _ in good]
    assert body["task_ids"] == [task["task_id"] for task in body["accepted"]]

    tasks = api.wait(body["task_ids"])
    assert {task["file_name"]: task["status"] for task in tasks} == {
        name: "SUCCESS" for name, _content in good
    }
    for task in tasks:
        assert task["stage"] == "done"
        assert task["error"] is None
        assert task["result"]["processing_time"] > 0
        assert isinstance(task["result"]["random_number"], int)
        renditions = {each["name"]: each for each in task["result"]["renditions"]}
        assert set(renditions) == {"preview", "thumbnail"}
        for rendition in renditions.values():
            image = opened(api, rendition["url"])
            assert image.format == "WEBP"
            assert image.size == (rendition["width"], rendition["height"])
            assert max(image.size) <= {"preview": 1280, "thumbnail": 320}[rendition["name"]]


def test_photos_of_every_orientation_come_out_upright_and_alike(
    api: Any, samples: list[Path]
) -> None:
    landscapes = [path for path in samples if path.name.startswith("Landscape_")]
    answer = api.upload([(path.name, path.read_bytes()) for path in landscapes])
    tasks = api.wait(answer.json()["task_ids"])
    upright = [
        np.asarray(opened(api, task["result"]["renditions"][-1]["url"]).convert("RGB"), np.int16)
        for task in tasks
    ]
    for task, pixels in zip(tasks, upright, strict=True):
        assert task["result"]["width"] > task["result"]["height"]
        assert np.abs(pixels - upright[0]).mean() < 6


def test_a_colour_profile_for_print_comes_out_as_srgb(api: Any, samples: list[Path]) -> None:
    cmyk = next(path for path in samples if path.name == "cmyk.jpg")
    task = api.wait(api.upload([(cmyk.name, cmyk.read_bytes())]).json()["task_ids"])[0]
    assert opened(api, task["result"]["renditions"][0]["url"]).mode == "RGB"


def test_two_uploads_of_the_same_bytes_are_two_tasks(api: Any, jpeg: bytes, state: Any) -> None:
    before = len(state.originals())
    first = api.upload([("same.jpg", jpeg)]).json()
    second = api.upload([("same.jpg", jpeg)]).json()
    assert first["batch_id"] != second["batch_id"]
    assert first["task_ids"] != second["task_ids"]
    assert len(state.originals()) == before + 2
    tasks = api.wait(first["task_ids"] + second["task_ids"])
    assert [task["status"] for task in tasks] == ["SUCCESS", "SUCCESS"]


def test_a_file_that_cannot_be_decoded_ends_in_failure_with_a_reason(api: Any, jpeg: bytes) -> None:
    broken = jpeg[:400] + bytes(len(jpeg) - 400)
    task = api.wait(api.upload([("broken.jpg", broken)]).json()["task_ids"])[0]
    assert task["status"] == "FAILURE"
    assert task["result"] is None
    assert task["error"]["code"] in {"corrupt_image", "truncated_image"}


def test_the_original_goes_to_its_owner_as_a_download_and_to_nobody_else(
    api: Any, make_api: Any, jpeg: bytes
) -> None:
    task_id = api.upload([("Zürich ☀.jpg", jpeg)]).json()["task_ids"][0]
    address = f"/api/tasks/{task_id}/original"
    own = api.http.get(address)
    assert own.content == jpeg
    assert own.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''Z%C3%BCrich%20%E2%98%80.jpg"
    )
    assert own.headers["X-Content-Type-Options"] == "nosniff"
    assert make_api(api.base_url).http.get(address).status_code == 404


def test_a_poll_answers_in_the_order_asked_with_unknown_ids_in_their_places(
    api: Any, jpeg: bytes
) -> None:
    task_id = api.upload([("a.jpg", jpeg)]).json()["task_ids"][0]
    unknown = "01900000-0000-7000-8000-000000000000"
    asked = [unknown, task_id, "nonsense", task_id]
    answer = api.http.get("/api/task-status/", params={"task_id": asked}).json()
    assert [task["task_id"] for task in answer["tasks"]] == asked
    assert [task.get("error") and task["error"]["code"] for task in answer["tasks"]] == [
        "unknown_task",
        None,
        "unknown_task",
        None,
    ]


def opened(api: Any, url: str) -> Image.Image:
    answer = api.http.get(url)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("private")
    image = Image.open(BytesIO(answer.content))
    image.load()
    return image

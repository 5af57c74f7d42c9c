"""File names as nobody should write them: taken exactly as they are, or refused with a reason."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("nobody_else_notices")

EMOJI = "\U0001f304"
RIGHT_TO_LEFT = "\u202e"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="%00.jpg"', "%00.jpg"),
        ('filename="a%22b.jpg"', "a%22b.jpg"),
        ('filename="a\\"b.jpg"', 'a"b.jpg'),
        ("filename=\"<script>alert('x')&amp;.jpg\"", "<script>alert('x')&amp;.jpg"),
        (f'filename="gpj.{RIGHT_TO_LEFT}a.jpg"', f"gpj.{RIGHT_TO_LEFT}a.jpg"),
        ('filename="שלום.jpg"', "שלום.jpg"),
        (f'filename="{EMOJI}.jpg"', f"{EMOJI}.jpg"),
        (f'filename="{EMOJI * 251}.jpg"', f"{EMOJI * 251}.jpg"),
        ('filename="e\u0301.jpg"', "e\u0301.jpg"),
        (f'filename="{"я" * 251}.JPG"', f"{'я' * 251}.JPG"),
        ('filename="..jpg"', "..jpg"),
        ('filename="a;b=c.jpg"', "a;b=c.jpg"),
        ('filename="C:\\folder\\a.jpg"', "a.jpg"),
        ("filename*=UTF-8''%D1%84%20%F0%9F%8C%84.jpg", f"ф {EMOJI}.jpg"),
        ("filename*=UTF-8''" + "%F0%9F%8C%84" * 251 + ".jpg", f"{EMOJI * 251}.jpg"),
        ("filename=\"=?utf-8?B?0YQ=?=\"; filename*=utf-8''%D1%84.jpg", "ф.jpg"),
        ("filename=a.jpg; filename*=UTF-8''%D1%8.jpg", "a.jpg"),
        ("filename=a.jpg; filename*=utf-16''%61%00", "a.jpg"),
    ],
)
def test_a_name_that_is_accepted_comes_back_exactly(
    abuser: Any, part: Any, disposition: str, name: str
) -> None:
    body = part(f'name="images"; {disposition}') + b"--x--\r\n"
    answer = abuser.send(abuser.whole(body))
    assert answer.status == 202, answer.raw
    task = answer.json["accepted"][0]
    assert task["file_name"] == name
    assert abuser.get(f"/api/task-status/{task['task_id']}").json["file_name"] == name
    batch = abuser.get(f"/api/batches/{answer.json['batch_id']}").json
    assert [each["file_name"] for each in batch["tasks"]] == [name]


@pytest.mark.parametrize(
    ("disposition", "code"),
    [
        ('filename="a\0.jpg"', "name_invalid"),
        ("filename*=UTF-8''a%00.jpg", "name_invalid"),
        ("filename*=UTF-8''a%0d%0ab.jpg", "name_invalid"),
        ("filename*=UTF-8''..%2f..%2fa.jpg", "name_invalid"),
        ('filename="../../a.jpg"', "name_invalid"),
        ('filename="a\u2028b.jpg"', "name_invalid"),
        ('filename="a\x1b[2J.jpg"', "name_invalid"),
        (f'filename="{"я" * 252}.jpg"', "name_too_long"),
        ("filename*=UTF-8''" + "a" * 252 + ".jpg", "name_too_long"),
        ('filename=""', "name_missing"),
        ('filename=".jpg"', "unsupported_extension"),
        (f'filename="a.{RIGHT_TO_LEFT}gpj"', "unsupported_extension"),
        ('filename="a.jpg.exe"', "unsupported_extension"),
        ('filename="a.jpg%00.exe"', "unsupported_extension"),
        ('filename="a.jpg "', "unsupported_extension"),
    ],
)
def test_a_name_that_is_none_is_a_reason_to_reject(
    abuser: Any, part: Any, disposition: str, code: str
) -> None:
    body = part(f'name="images"; {disposition}') + b"--x--\r\n"
    answer = abuser.send(abuser.whole(body))
    assert (answer.status, answer.code) == (422, "no_valid_files")
    assert code in [error["code"] for error in answer.json["rejected"][0]["errors"]]


@pytest.mark.parametrize(
    "disposition",
    [
        b'filename="\xe9t\xe9.jpg"',
        b'filename="\xed\xa0\x80.jpg"',
        b"filename*=UTF-8''%ff.jpg",
        b"filename*=UTF-8''%4.jpg",
        b"filename*=ISO-8859-1''%e9.jpg",
        b'filename="' + b"a" * 5000 + b'.jpg"',
    ],
    ids=[
        "latin-1",
        "surrogate",
        "no UTF-8",
        "half a percent",
        "other charset",
        "5000 characters",
    ],
)
def test_a_name_that_cannot_be_read_is_malformed(abuser: Any, disposition: bytes) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="images"; ' + disposition + b"\r\n\r\n"
    answer = abuser.send(abuser.whole(head + b"\xff\xd8\xff\r\n--x--\r\n"))
    assert (answer.status, answer.code) == (400, "malformed_multipart")

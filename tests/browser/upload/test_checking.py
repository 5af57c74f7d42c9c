"""What the page finds wrong with a file, beside what the server answers to the same file."""

import base64
import sys
from typing import Any

import pytest

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
WEBP = b"RIFF\x24\0\0\0WEBPVP8 "
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"
LIMIT = 5 * 1024 * 1024

# Name, first bytes, and the size to which zeros fill it.
FILES: dict[str, tuple[str, bytes, int]] = {
    "jpeg": ("a.jpg", JPEG, 0),
    "jpeg by its long name": ("a.jpeg", JPEG, 0),
    "capital letters": ("A.JPG", JPEG, 0),
    "png": ("a.png", PNG, 0),
    "webp": ("a.webp", WEBP, 0),
    "pdf": ("a.pdf", PDF, 0),
    "two dots": ("a.b.png", PNG, 0),
    "only dots before": ("..jpg", JPEG, 0),
    "emoji": ("📷🏝️.jpg", JPEG, 0),
    "right to left": ("תמונה.pdf", PDF, 0),
    "as it was typed": ("e\u0301.jpg", JPEG, 0),
    "quotation marks": ('my "best" one.jpg', JPEG, 0),
    "percent": ("100 %22.jpg", JPEG, 0),
    "semicolon and equals": ("a; filename=b.jpg", JPEG, 0),
    "apostrophe, star and brackets": ("a'*(1)\".jpg", JPEG, 0),
    "space at the ends": (" a .jpg", JPEG, 0),
    "as an encoded word": ("=?utf-8?q?a?=.jpg", JPEG, 0),
    "longest name": ("x" * 251 + ".jpg", JPEG, 0),
    "longest name outside of the BMP": ("📷" * 251 + ".jpg", JPEG, 0),
    "shortest content": ("a.jpg", JPEG[:3], 0),
    "largest": ("a.jpg", JPEG, LIMIT),
    "override of the direction": ("\u202eexe.jpg", JPEG, 0),
    "no name": ("", JPEG, 0),
    "no name and too large": ("", JPEG, LIMIT + 1),
    "name too long": ("x" * 252 + ".jpg", JPEG, 0),
    "name too long outside of the BMP": ("📷" * 252 + ".jpg", JPEG, 0),
    "line break": ("a\nb.jpg", JPEG, 0),
    "carriage return": ("a\rb.jpg", JPEG, 0),
    "tab": ("a\tb.jpg", JPEG, 0),
    "nul": ("a\0b.jpg", JPEG, 0),
    "control of the second block": ("a\x85b.jpg", JPEG, 0),
    "line separator": ("a\u2028b.jpg", JPEG, 0),
    "paragraph separator": ("a\u2029b.jpg", JPEG, 0),
    "slash": ("a/b.jpg", JPEG, 0),
    "backslash": ("a\\b.jpg", JPEG, 0),
    "backslash before a quotation mark": ('a\\"b.jpg', JPEG, 0),
    "path of Windows": ("C:\\folder\\a.jpg", JPEG, 0),
    "no extension": ("photo", JPEG, 0),
    "only an extension": (".jpg", JPEG, 0),
    "dot at the end": ("a.", JPEG, 0),
    "other extension": ("a.gif", b"GIF89a", 0),
    "second extension": ("a.jpg.exe", JPEG, 0),
    "space after the extension": ("a.jpg ", JPEG, 0),
    "name of every object": ("a.constructor", JPEG, 0),
    "long s": ("a.jp\u017f", JPEG, 0),
    "empty": ("a.jpg", b"", 0),
    "empty and of another kind": ("a.txt", b"", 0),
    "too large": ("a.jpg", JPEG, LIMIT + 1),
    "too large and of another kind": ("a.txt", b"text", LIMIT + 1),
    "text": ("a.jpg", b"just a text, by its name a photo", 0),
    "png named jpg": ("a.jpg", PNG, 0),
    "jpg named png": ("a.png", JPEG, 0),
    "wave named webp": ("a.webp", b"RIFF\x24\0\0\0WAVEfmt ", 0),
    "too short to tell": ("a.webp", WEBP[:11], 0),
    "line ends of a transfer as text": ("a.png", b"\x89PNG\n\x1a\n\0\0\0\r", 0),
    "space before the header": ("a.pdf", b" " + PDF, 0),
    "one byte": ("a.jpg", b"\xff", 0),
    "of another content and too large": ("a.jpg", PNG, LIMIT + 1),
    "everything at once": ("x" * 260 + "/\n.gif", b"GIF89a", LIMIT + 1),
    "everything but the extension": ("x" * 260 + "/\n.png", JPEG, LIMIT + 1),
}

_VERDICTS = """([name, head, size]) => {
  const bytes = Uint8Array.from(atob(head), (character) => character.charCodeAt(0));
  const rest = new Uint8Array(Math.max(0, size - bytes.length));
  return drive.verdicts(new File([bytes, rest], name));
}"""


@pytest.fixture
def verdicts(steady: Any) -> Any:
    def of(name: str, head: bytes, size: int) -> Any:
        return steady.run(_VERDICTS, [name, base64.b64encode(head).decode(), size])

    return of


def test_the_page_finds_in_every_file_what_the_server_finds_in_the_same_order(
    verdicts: Any,
) -> None:
    found = {what: verdicts(*file) for what, file in FILES.items()}
    page = {what: each["page"] for what, each in found.items()}
    assert page == {what: each["server"] for what, each in found.items()}
    # Every code there is, and good files too.
    assert {code for codes in page.values() for code in codes} == {
        "name_missing",
        "name_too_long",
        "name_invalid",
        "unsupported_extension",
        "empty_file",
        "file_too_large",
        "content_mismatch",
    }
    assert sum(not codes for codes in page.values()) > 20
    assert page["everything but the extension"] == [
        "name_too_long",
        "name_invalid",
        "content_mismatch",
        "file_too_large",
    ]


def test_every_name_arrives_as_it_is(verdicts: Any) -> None:
    for name, head, _ in FILES.values():
        # What a refusal names is cut to the longest name that there may be.
        assert verdicts(name, head or JPEG, 0)["name"] == name[:255]


def test_no_more_than_the_first_bytes_of_a_file_are_read(steady: Any) -> None:
    steady.run("""() => {
      drive.read = [];
      const slice = Blob.prototype.slice;
      Blob.prototype.slice = function (...range) {
        drive.read.push(range);
        return slice.apply(this, range);
      };
      const whole = () => { throw new Error("a file was read whole"); };
      for (const method of ["arrayBuffer", "text", "stream", "bytes"]) {
        File.prototype[method] = whole;
      }
      FileReader.prototype.readAsArrayBuffer = whole;
    }""")
    steady.run("async () => { await drive.queue.add(drive.files(5, 4 * 2 ** 20)); }")
    assert steady.run("drive.read") == [[0, 12]] * 5
    assert set(steady.run("drive.states()").values()) == {"ready"}
    steady.run("async () => { drive.queue.send(); await drive.untilAll('accepted'); }")
    assert len(steady.photos()) == 5


def test_invalid_files_stay_listed_with_their_codes_until_they_are_removed(steady: Any) -> None:
    steady.run("""async () => {
      const bad = new File(["no photo"], "bad.jpg");
      await drive.queue.add([drive.file("good.jpg"), bad, new File([], "empty.txt")]);
    }""")
    assert steady.run("drive.states()") == {
        "good.jpg": "ready",
        "bad.jpg": "invalid",
        "empty.txt": "invalid",
    }
    assert steady.run("drive.named('bad.jpg').rejections") == ["content_mismatch"]
    assert steady.run("drive.named('empty.txt').rejections") == [
        "unsupported_extension",
        "empty_file",
    ]
    steady.run("drive.queue.removeAll('invalid', 'rejected')")
    assert steady.run("drive.states()") == {"good.jpg": "ready"}


def test_a_file_that_is_chosen_twice_is_listed_once_until_it_was_accepted(steady: Any) -> None:
    ids = steady.run("""async () => {
      drive.photos = drive.files(2);
      const [first, second] = drive.photos;
      const ids = await drive.queue.add([first, second, first]);
      const { name, lastModified } = first;
      const same = new File([await first.arrayBuffer()], name, { lastModified });
      const other = new File([await first.arrayBuffer()], name, { lastModified: 1 });
      return [ids, await drive.queue.add([same]), await drive.queue.add([other])].map(
        (each) => each.length,
      );
    }""")
    assert ids == [2, 0, 1]
    again = steady.run("""async () => {
      drive.queue.send();
      await drive.untilAll("accepted");
      return (await drive.queue.add(drive.photos)).length;
    }""")
    assert again == 2
    assert set(steady.run("drive.states()").values()) == {"ready"}


def test_a_thousand_files_are_added_in_small_pieces(
    steady: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    told = steady.run("""async () => {
      const files = drive.files(1000);
      await new Promise((resolve) => setTimeout(resolve));
      const long = [];
      new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration)))
        .observe({ type: "longtask" });
      let turns = 0;
      const turn = () => { turns += 1; timer = setTimeout(turn); };
      let timer = setTimeout(turn);
      const ids = await drive.queue.add(files);
      clearTimeout(timer);
      await drive.until(() => drive.told.changes.flat().length >= 2000);
      return { added: ids.length, turns, long, changes: drive.told.changes.length };
    }""")
    with capsys.disabled():
        sys.stdout.write(f"\n1,000 files added: tasks over 50 ms: {told['long'] or 'none'}\n")
    assert told["added"] == 1000
    assert set(steady.run("drive.states()").values()) == {"ready"}
    # Whatever else the page has to do came to its turn in between, and hears of many at once.
    assert told["turns"] >= 20
    assert told["changes"] < 500

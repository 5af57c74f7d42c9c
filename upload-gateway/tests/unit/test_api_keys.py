import asyncio
import errno
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from upload_gateway import api_keys
from upload_gateway.api_key_file import ApiKeyFileError, Scope, read_api_keys
from upload_gateway.api_keys import ApiKeys
from upload_gateway.issue_api_key import api_key_entry, issue_api_key, new_api_key

KEY = new_api_key()
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def entry(**changes: Any) -> dict[str, Any]:
    return {"owner": "alice", "sha256": DIGEST, "scopes": ["read"], **changes}


def written(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump({"keys": list(entries)}))
    return path


def test_a_key_is_found_by_itself_only(tmp_path: Path) -> None:
    keys = ApiKeys(written(tmp_path / "keys", entry()))
    found = keys.find(KEY)
    assert found is not None
    assert (found.owner, found.scopes) == ("alice", {Scope.READ})
    for wrong in (DIGEST, KEY[:-1], "", KEY + " ", "☀"):
        assert keys.find(wrong) is None


def test_without_a_file_there_are_no_keys() -> None:
    assert ApiKeys().find(KEY) is None


def test_an_expired_key_is_unknown(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    later, earlier = now + timedelta(hours=1), now - timedelta(seconds=1)
    held = ApiKeys(written(tmp_path / "later", entry(expires=later.isoformat())))
    expired = ApiKeys(written(tmp_path / "earlier", entry(expires=earlier.isoformat())))
    assert held.find(KEY)
    assert held.holding(DIGEST[:16])
    assert expired.find(KEY) is None
    assert expired.holding(DIGEST[:16]) is None


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (entry(owner="session:1"), "keys[1].owner"),
        (entry(owner=7), "keys[1].owner"),
        (entry(sha256="secret-thing"), "keys[1].sha256"),
        (entry(scopes=["secret-thing"]), "keys[1].scopes[0]"),
        (entry(scopes=[]), "keys[1].scopes"),
        (entry(expires="2027-01-01T00:00:00"), "keys[1].expires"),
        (entry(limits={"requests_per_minute": 0}), "keys[1].limits.requests_per_minute"),
        (entry(**{"secret-thing": 1}), "keys[1]: "),
        (entry(), "keys[1] has the sha256 of keys[0]"),
    ],
)
def test_what_is_wrong_is_told_by_its_place_and_never_by_its_content(
    tmp_path: Path, broken: dict[str, Any], told: str
) -> None:
    path = written(tmp_path / "keys", entry(), broken)
    with pytest.raises(ApiKeyFileError) as caught:
        read_api_keys(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
    assert "secret-thing" not in str(caught.value)
    assert DIGEST not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"keys: {",
        b"- secret-thing",
        b"\xff\xfe\x00",
        b"keys: 2027-99-99T00:00:00Z",
        b"keys: [{owner: !!bool secret-thing}]",
    ],
)
def test_what_is_no_list_of_keys_is_told_without_its_content(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(ApiKeyFileError) as caught:
        read_api_keys(tmp_path / "keys")
    assert "secret-thing" not in str(caught.value)


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ApiKeyFileError, match="No such file"):
        ApiKeys(tmp_path / "keys")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "keys", entry())
    keys = ApiKeys(path)
    written(path, entry(owner="bob", scopes=["upload", "delete"]))
    keys.refresh()
    found = keys.find(KEY)
    assert found is not None
    assert (found.owner, found.scopes) == ("bob", {Scope.UPLOAD, Scope.DELETE})


def test_a_link_that_points_elsewhere_is_a_change_as_kubernetes_makes_it(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
    written(tmp_path / "1" / "keys", entry())
    written(tmp_path / "2" / "keys")
    link = tmp_path / "..data"
    link.symlink_to("1")
    keys = ApiKeys(link / "keys")
    assert keys.find(KEY)
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").rename(link)
    keys.refresh()
    assert keys.find(KEY) is None


def test_a_broken_new_file_keeps_the_old_keys_and_is_logged_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "keys", entry())
    keys = ApiKeys(path)
    written(path, entry(sha256="secret-thing"))
    keys.refresh()
    keys.refresh()
    assert keys.find(KEY)
    log = capsys.readouterr()
    told = log.out + log.err
    assert told.count("api_keys_not_read") == 1
    assert "keys[0].sha256" in told
    assert "secret-thing" not in told


def test_a_file_that_could_not_be_read_is_tried_again_without_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "keys", entry())
    keys = ApiKeys(path)
    written(path)

    def denied(_path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "no")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", denied)
        keys.refresh()
        keys.refresh()
    assert keys.find(KEY)
    log = capsys.readouterr()
    assert (log.out + log.err).count("Permission denied") == 1
    keys.refresh()
    assert keys.find(KEY) is None


async def test_following_outlives_what_nobody_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "_LOOK_SECONDS", 0.001)
    path = written(tmp_path / "keys", entry())
    keys = ApiKeys(path)
    failed = asyncio.Event()

    def broken(_path: Path) -> None:
        failed.set()
        raise KeyError("maybe")

    following = asyncio.create_task(keys.follow())
    async with asyncio.timeout(20):
        with monkeypatch.context() as changed:
            changed.setattr(api_keys, "fingerprint", broken)
            await failed.wait()
        written(path)
        while keys.find(KEY):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
    following.cancel()


def test_a_new_key_and_its_entry_belong_together(tmp_path: Path) -> None:
    text = issue_api_key(["--owner", "alice@example.org", "--scopes", "read,upload"])
    key = next(line for line in text.splitlines() if line.startswith("photo_"))
    assert len(key) >= 43
    (tmp_path / "keys").write_text("keys:\n" + text[text.index("  - owner") :])
    found = ApiKeys(tmp_path / "keys").find(key)
    assert found is not None
    assert found.owner == "alice@example.org"
    assert found.scopes == {Scope.READ, Scope.UPLOAD}


@pytest.mark.parametrize("arguments", [[], ["--owner", "a b"], ["--owner", "a", "--scopes", "all"]])
def test_a_key_for_nobody_or_nothing_is_not_made(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        issue_api_key(arguments)
    assert caught.value.code == 2


def test_keys_differ() -> None:
    assert new_api_key() != new_api_key()
    assert "sha256" in api_key_entry(KEY, "alice", Scope)

import stat
from pathlib import Path

import pytest
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store

from photo_objects.store_url import StorageUrlError, local_folder, open_store


def test_a_file_url_makes_its_folder_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "with space" / "objects"

    store = open_store(folder.as_uri())

    assert isinstance(store, LocalStore)
    assert store.prefix == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_url_keeps_the_mode_of_a_folder_that_is_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    open_store(tmp_path.as_uri())

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_every_memory_store_is_new() -> None:
    first, second = open_store("memory://"), open_store("memory://")

    assert isinstance(first, MemoryStore)
    assert first is not second


@pytest.mark.parametrize(
    ("url", "kind"), [("s3://photos/some/prefix", S3Store), ("gs://photos", GCSStore)]
)
def test_cloud_urls_open_their_stores(url: str, kind: type) -> None:
    assert isinstance(open_store(url), kind)


def test_an_azure_url_takes_its_account_from_the_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")

    assert isinstance(open_store("az://container/prefix"), AzureStore)


def test_an_azure_url_without_an_account_names_the_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)

    with pytest.raises(StorageUrlError, match=r"AZURE_\*"):
        open_store("az://container")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/data/objects",
        "file://data/objects",
        "file:///",
        "file:relative",
        "file:///data%00objects",
        "http://127.0.0.1/",
        "s3://",
        "s3:///prefix",
        "gs://",
        "az://",
        "memory://somewhere",
        "s3://photos?endpoint=hunter2",
        "s3://photos#hunter2",
        "s3://admin:hunter2@photos",
        "s3://[hunter2",
        "ftp://admin:hunter2@photos",
    ],
)
def test_a_wrong_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(StorageUrlError) as refusal:
        open_store(url)

    assert str(refusal.value).endswith(".")
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_refusal_says_what_is_accepted() -> None:
    with pytest.raises(StorageUrlError) as refusal:
        open_store("ftp://photos")

    for scheme in ("file:///", "s3://", "gs://", "az://", "memory://"):
        assert scheme in str(refusal.value)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageUrlError, match="cannot be made"):
        open_store((tmp_path / "file" / "objects").as_uri())


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageUrlError, match="cannot be made"):
        open_store((tmp_path / "file").as_uri())


def test_a_file_url_has_a_folder_and_no_other_has(tmp_path: Path) -> None:
    folder = tmp_path / "of all photos"
    open_store(folder.as_uri())
    assert local_folder(folder.as_uri()) == folder
    for url in ("s3://bucket/prefix", "memory://"):
        assert local_folder(url) is None

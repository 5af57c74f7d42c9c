from pathlib import Path

import pytest

from local_stack.how_to_use import curl_line
from local_stack.stack_error import StackError
from local_stack.stack_folder import StackFolder


def test_two_stacks_cannot_share_a_folder(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    with (
        folder.locked(),
        pytest.raises(StackError, match=r"another stack \(process \d+\) runs in .*LOCAL_DIR"),
        StackFolder(tmp_path).locked(),
    ):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    for _ in range(2):
        with folder.locked():
            pass


def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StackError, match="set LOCAL_DIR"):
        StackFolder(tmp_path / "file" / "local").create()


def test_the_curl_line_survives_a_folder_with_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = curl_line("http://127.0.0.1:8000", StackFolder(tmp_path / "my data"))

    assert "cat 'my data/api-key'" in line
    assert "-F 'images=@my data/sample.jpg'" in line
    assert "\n" not in line

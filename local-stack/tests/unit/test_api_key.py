import stat
from pathlib import Path

from local_stack.api_key import make_api_key
from local_stack.how_to_use import curl_line
from local_stack.stack_folder import StackFolder
from upload_gateway.api_keys import ApiKeys


def test_the_key_is_its_owners_only_and_lets_them_in(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    make_api_key(folder)

    for path in (folder.api_key, folder.api_keys_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = folder.api_key.read_text().strip()
    assert key not in folder.api_keys_file.read_text()
    found = ApiKeys(folder.api_keys_file).find(key)
    assert found is not None
    assert found.owner == "local"
    assert len(found.scopes) == 3


def test_a_restart_keeps_the_key_and_what_was_added_to_the_file(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    make_api_key(folder)
    key = folder.api_key.read_text()
    with folder.api_keys_file.open("a") as file:
        file.write("# more\n")
    make_api_key(folder)

    assert folder.api_key.read_text() == key
    assert folder.api_keys_file.read_text().endswith("# more\n")


def test_a_key_that_was_removed_is_replaced(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    make_api_key(folder)
    old = folder.api_key.read_text().strip()
    folder.api_key.unlink()
    make_api_key(folder)

    keys = ApiKeys(folder.api_keys_file)
    assert keys.find(old) is None
    assert keys.find(folder.api_key.read_text().strip())


def test_the_line_to_paste_names_the_key_and_does_not_show_it(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    make_api_key(folder)
    line = curl_line("http://127.0.0.1:8000", folder)

    assert str(folder.api_key) in line
    assert folder.api_key.read_text().strip() not in line

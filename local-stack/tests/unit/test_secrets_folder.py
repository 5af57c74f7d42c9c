import stat
from pathlib import Path

from local_stack.secrets_folder import SecretsFolder


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = SecretsFolder(folder).secret("session_secret")

    assert SecretsFolder(folder).secret("session_secret") == first
    assert mode_of(folder) == 0o700
    assert mode_of(folder / "session_secret") == 0o600


def test_secrets_are_long_and_different(tmp_path: Path) -> None:
    secrets = SecretsFolder(tmp_path)

    assert len({secrets.secret(str(number)) for number in range(5)}) == 5
    assert all(len(secrets.secret(str(number))) >= 40 for number in range(5))


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    SecretsFolder(folder).secret("any")

    assert mode_of(folder) == 0o700


def test_what_a_killed_start_left_half_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "any.new").write_text("ha")

    assert len(SecretsFolder(tmp_path).secret("any")) >= 40

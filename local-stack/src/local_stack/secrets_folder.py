"""Random secrets that are made once and kept for their owner only."""

import os
import secrets
from pathlib import Path


class SecretsFolder:
    """One file a secret, mode 0600, in a folder of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def secret(self, name: str) -> str:
        """The secret called `name`: 256 bits as URL-safe text, made when it is not there yet."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        path = self._folder / name
        if not path.exists():
            keep_private(path, secrets.token_urlsafe(32))
        return path.read_text("ascii")


def keep_private(path: Path, text: str) -> None:
    """Write `text` into a file that only its owner can read (mode 0600)."""
    # Written beside and renamed: a start that is killed leaves no half secret behind.
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)

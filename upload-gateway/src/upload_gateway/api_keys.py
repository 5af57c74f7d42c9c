"""The API keys that hold now."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from upload_gateway.api_key_file import (
    ApiKey,
    ApiKeyFileError,
    Fingerprint,
    fingerprint,
    read_api_keys,
)

_LOOK_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class ApiKeys:
    """Finds keys by what their holders send, and reads its file again when that changes."""

    def __init__(self, path: Path | None = None) -> None:
        """Read `path`; without one there are no keys. Raises ApiKeyFileError."""
        self._path = path
        # Looked at before it is read: a change in between is seen at the next look.
        self._seen = fingerprint(path) if path else None
        self._told: tuple[Fingerprint | None, str] | None = None
        self._take(read_api_keys(path) if path else ())

    def find(self, token: str) -> ApiKey | None:
        """The key that `token` is, None for an unknown or expired one."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        # What the lookup's time could tell is about the digest, of which nobody guesses a part.
        key = self._by_digest.get(digest)
        if key is None or not hmac.compare_digest(key.sha256, digest):
            return None
        return key if key.is_valid(datetime.now(UTC)) else None

    def holding(self, key_id: str) -> ApiKey | None:
        """The key of a session that was traded for one, None once it has gone or expired."""
        key = self._by_id.get(key_id)
        return key if key and key.is_valid(datetime.now(UTC)) else None

    async def follow(self) -> None:
        """Read the file again whenever it changes, until cancelled."""
        while self._path is not None:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - else later changes would go unseen
                # Its text may quote the file.
                _log.error("api_keys_not_followed", error=type(error).__name__)

    def refresh(self) -> None:
        """Look at the file now; one that cannot be used leaves the keys as they are.

        It is tried again at each look: what failed to be read may come right without a change.
        """
        if self._path is None or (now := fingerprint(self._path)) == self._seen:
            return
        try:
            keys = read_api_keys(self._path)
        except ApiKeyFileError as error:
            if self._told != (told := (now, str(error))):
                _log.error("api_keys_not_read", error=told[1], kept=len(self._by_id))
                self._told = told
            return
        self._seen, self._told = now, None
        self._take(keys)
        _log.info("api_keys_read", keys=len(keys))

    def _take(self, keys: Sequence[ApiKey]) -> None:
        self._by_digest = {key.sha256: key for key in keys}
        self._by_id = {key.key_id: key for key in keys}

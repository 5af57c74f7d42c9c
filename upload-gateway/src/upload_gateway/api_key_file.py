"""The file of API keys: who they belong to and what they may do, never the keys themselves."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

# A name that is safe in logs, in YAML and in a record's `owner`.
OWNER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"

# What tells that a file was replaced, a changed link on the way to it included.
Fingerprint = tuple[int, int, int]


class Scope(StrEnum):
    """What a caller may do; everything else needs no scope."""

    UPLOAD = "upload"
    READ = "read"
    DELETE = "delete"


class KeyLimits(BaseModel):
    """Limits of one owner in place of the gateway's own; None keeps those."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    upload_bytes_per_hour: Annotated[int, Field(ge=1)] | None = None


class ApiKey(BaseModel):
    """One entry: `sha256` is the digest of the key in hexadecimal digits.

    A key has 256 random bits, so one round of a fast hash keeps it safe: NIST SP 800-63B 5.1.2.2
    asks for salt and slow hashing only below 112 bits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    owner: Annotated[str, Field(pattern=OWNER_PATTERN, strict=True)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", strict=True)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    expires: AwareDatetime | None = None
    limits: KeyLimits = KeyLimits()

    @property
    def key_id(self) -> str:
        """Names the key where its digest would say too much: in the cookie of a session."""
        return self.sha256[:16]

    def is_valid(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    keys: list[ApiKey]


class ApiKeyFileError(Exception):
    """A file of keys that cannot be used; says where and never what stands there."""


def fingerprint(path: Path) -> Fingerprint | None:
    """Changes whenever the file does; None where it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def read_api_keys(path: Path) -> list[ApiKey]:
    """The entries of the file. Raises ApiKeyFileError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "no file"
        raise ApiKeyFileError(f"{path} cannot be read: {reason}") from None
    try:
        content = yaml.safe_load(text)
    except Exception as error:  # noqa: BLE001 - PyYAML raises what its constructors do, KeyError too
        # Its text quotes the file.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ApiKeyFileError(f"{path} is no YAML{where}") from None
    try:
        keys = _Document.model_validate(content).keys
    except ValidationError as error:
        problems = "; ".join(_told(each) for each in error.errors(include_input=False))
        raise ApiKeyFileError(f"{path}: {problems}") from None
    seen: dict[str, int] = {}
    for position, key in enumerate(keys):
        first = seen.setdefault(key.key_id, position)
        if first != position:
            raise ApiKeyFileError(f"{path}: keys[{position}] has the sha256 of keys[{first}]")
    return keys


def _told(problem: Any) -> str:
    loc = list(problem["loc"])
    if problem["type"] == "extra_forbidden":
        # An unknown name can be anything, a key that slipped a line too.
        loc.pop()
    place = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in loc)
    return f"{place.lstrip('.') or 'the file'}: {problem['msg']}"

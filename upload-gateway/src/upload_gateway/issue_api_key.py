"""`python -m upload_gateway api-key`: a new key, and the entry that makes it known."""

import argparse
import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence

from upload_gateway.api_key_file import OWNER_PATTERN, Scope

# A prefix that scanners for leaked secrets can look for.
_PREFIX = "photo_"


def new_api_key() -> str:
    """256 random bits as text that fits into a header (RFC 6750 2.1)."""
    return _PREFIX + secrets.token_urlsafe(32)


def api_key_entry(key: str, owner: str, scopes: Iterable[Scope]) -> str:
    """The item under `keys:` in API_KEYS_FILE that lets `key` in."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return (
        f'  - owner: "{owner}"\n    sha256: "{digest}"\n    scopes: [{", ".join(sorted(scopes))}]\n'
    )


def issue_api_key(arguments: Sequence[str]) -> str:
    """What to print for the command line `arguments`; leaves with code 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m upload_gateway api-key")
    parser.add_argument("--owner", required=True, type=_owner)
    parser.add_argument(
        "--scopes",
        default=",".join(Scope),
        type=_scopes,
        help="separated by commas, by default all: %(default)s",
    )
    asked = parser.parse_args(arguments)
    key = new_api_key()
    return (
        f"The key, shown this once:\n\n{key}\n\n"
        "Its entry under `keys:` in API_KEYS_FILE:\n\n"
        f"{api_key_entry(key, asked.owner, asked.scopes)}"
    )


def _owner(text: str) -> str:
    if not re.fullmatch(OWNER_PATTERN, text):
        raise argparse.ArgumentTypeError("1 to 64 of A-Z a-z 0-9 . _ @ -, not a sign first")
    return text


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(each.strip()) for each in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"some of {', '.join(Scope)}") from None

import time
from pathlib import Path

import pytest

from upload_gateway.api_key_file import Scope
from upload_gateway.api_keys import ApiKeys
from upload_gateway.caller import Caller, still_holds
from upload_gateway.issue_api_key import api_key_entry, new_api_key
from upload_gateway.session import Session, new_session

KEY = new_api_key()


def keys_in(path: Path, *entries: str) -> ApiKeys:
    path.write_text("keys:\n" + "".join(entries) if entries else "keys: []")
    return ApiKeys(path)


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        ([api_key_entry(KEY, "alice", Scope)], True),
        ([api_key_entry(KEY, "alice", [Scope.READ])], True),
        ([api_key_entry(KEY, "alice", [Scope.UPLOAD])], False),
        ([api_key_entry(KEY, "bob", [Scope.READ])], False),
        ([api_key_entry(KEY, "alice", Scope) + "    expires: 2020-01-01T00:00:00Z\n"], False),
        ([], False),
    ],
)
def test_a_caller_holds_as_long_as_the_key_gives_its_owner_no_less(
    tmp_path: Path, entries: list[str], holds: bool
) -> None:
    key = keys_in(tmp_path / "then", api_key_entry(KEY, "alice", [Scope.READ])).find(KEY)
    assert still_holds(Caller(key=key), keys_in(tmp_path / "now", *entries)) == holds


@pytest.mark.parametrize(("seconds_left", "holds"), [(60, True), (-1, False)])
def test_a_session_of_a_key_holds_until_its_end(
    tmp_path: Path, seconds_left: int, holds: bool
) -> None:
    keys = keys_in(tmp_path / "keys", api_key_entry(KEY, "alice", Scope))
    key = keys.find(KEY)
    assert key
    session = Session("id", key.key_id, int(time.time()) + seconds_left)
    assert still_holds(Caller(session, key), keys) == holds


def test_a_visitor_without_a_key_holds() -> None:
    assert still_holds(Caller(new_session()), ApiKeys())

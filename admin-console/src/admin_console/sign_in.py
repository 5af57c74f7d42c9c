"""Signing in: a name and a password become a session, or one and the same refusal."""

from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import Counter

from admin_console.audit_log import record
from admin_console.console import Console
from admin_console.login_throttle import Attempt, Throttled
from admin_console.operator_accounts import MAX_NAME, Account, find_account, renew_hash
from admin_console.passwords import PasswordsBusyError
from admin_console.sessions import end_session, hash_of, start_session
from service_kit.request_id import current_request_id


class SignInOutcome(StrEnum):
    """What became of a name and a password, as metrics tell it."""

    SIGNED_IN = "signed_in"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - what became of one
    THROTTLED = "throttled"
    # Too many at once.
    BUSY = "busy"


_SIGN_INS = Counter(
    "photo_console_sign_ins_total", "Names and passwords by what became of them", ["outcome"]
)
for _outcome in SignInOutcome:
    # There before the first: rates of what appears late would miss it.
    _SIGN_INS.labels(_outcome)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What came with the form, and where it came from; `old_token` is that of a session before."""

    name: str
    password: str
    address: str
    user_agent: str
    old_token: str


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """The name and the password do not belong together, or the account is not active."""


async def sign_in(console: Console, asked: SignInRequest) -> str | WrongPassword | Throttled:
    """The token of a new session. Raises PasswordsBusyError.

    An unknown name is answered as a wrong password is, after the same time.
    """
    name = asked.name.strip()[:MAX_NAME]
    account = await find_account(console.pool, name)
    # Counted by the name as it is kept: it can be written in more ways than one.
    attempt = await console.throttle.begin(account.name if account else name, asked.address)
    if isinstance(attempt, Throttled):
        _SIGN_INS.labels(SignInOutcome.THROTTLED).inc()
        return attempt
    known_hash = account.password_hash if account else None
    try:
        is_right = await console.passwords.is_right(known_hash, asked.password)
    except PasswordsBusyError:
        _SIGN_INS.labels(SignInOutcome.BUSY).inc()
        await console.throttle.take_back(attempt)
        raise
    if account is None or not account.active or not is_right:
        _SIGN_INS.labels(SignInOutcome.WRONG_PASSWORD).inc()
        await _record_failure(console, asked, account, attempt)
        return WrongPassword()
    new_hash = None
    if console.passwords.is_outdated(account.password_hash):
        new_hash = await console.passwords.hash(asked.password)
    async with console.pool.acquire() as connection, connection.transaction():
        if new_hash:
            await renew_hash(connection, account, new_hash)
        if asked.old_token:
            await end_session(connection, hash_of(asked.old_token))
        token = await start_session(connection, account.id, asked.address, asked.user_agent)
        await record(connection, account.name, "login", "", {}, asked.address, current_request_id())
    await console.throttle.end_well(attempt)
    _SIGN_INS.labels(SignInOutcome.SIGNED_IN).inc()
    return token


async def _record_failure(
    console: Console, asked: SignInRequest, account: Account | None, attempt: Attempt
) -> None:
    # A name that is not known is not kept: it may be a password.
    target = account.name if account else ""
    details = {"known_name": account is not None, "throttled_from_now_on": attempt.is_last}
    async with console.pool.acquire() as connection:
        await record(
            connection, "", "login_failed", target, details, asked.address, current_request_id()
        )

"""Which passwords are good enough: long, and not the first that anybody would guess.

NIST SP 800-63B, section 3.1.1.2: no rules of composition, which make passwords predictable.
"""

import unicodedata

MIN_CHARACTERS = 12
MAX_BYTES = 1_024

# What people write when twelve characters are asked for.
_GUESSED_FIRST = frozenset(
    {
        "000000000000",
        "111111111111",
        "112233445566",
        "121212121212",
        "123123123123",
        "123412341234",
        "123456123456",
        "123456781234",
        "1234567890-=",
        "1234567890123",
        "12345678901234",
        "123456789012345",
        "1234567890123456",
        "123456789012",
        "123456789123",
        "123456789abc",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "abc123abc123",
        "abcabcabcabc",
        "abcd1234abcd",
        "abcdefghijkl",
        "abcdefghijklm",
        "adminadmin12",
        "adminadmin123",
        "adminadminadmin",
        "administrator",
        "administrator1",
        "asdfghjkl123",
        "changeme1234",
        "changemenow1",
        "changemenow!",
        "changemeplease",
        "correcthorsebatterystaple",
        "iloveyou1234",
        "letmeinletmein",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "p@ssw0rd1234",
        "photouploadingservice",
        "photouploading",
        "qazwsxedcrfv",
        "qwerty123456",
        "qwerty1234567",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiop[]",
        "superuser123",
        "superusersuperuser",
        "welcome12345",
        "zxcvbnmasdfg",
    }
)


class WeakPasswordError(Exception):
    """The password is refused; the text says why, and nothing of the password."""


def normalized(password: str) -> str:
    """The same text for the same keys, whatever system they were pressed on (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, name: str) -> None:
    """Raise WeakPasswordError unless `password` may be the one of the operator `name`."""
    password = normalized(password)
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise WeakPasswordError("The password must be text in UTF-8.") from None
    folded = password.casefold()
    if len(password) < MIN_CHARACTERS:
        raise WeakPasswordError(f"The password must have at least {MIN_CHARACTERS} characters.")
    if size > MAX_BYTES:
        raise WeakPasswordError(f"The password must not be longer than {MAX_BYTES} bytes.")
    if folded == normalized(name).casefold():
        raise WeakPasswordError("The password must not be the name.")
    if len(set(folded)) == 1:
        raise WeakPasswordError("The password must not repeat one character.")
    if folded.replace(" ", "") in _GUESSED_FIRST:
        raise WeakPasswordError("The password is among the first that are guessed.")

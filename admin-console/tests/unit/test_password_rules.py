"""Which passwords operators may have."""

import pytest

from admin_console.password_rules import WeakPasswordError, check_password


@pytest.mark.parametrize(
    "password",
    [
        "lantern orbit",
        "a sentence, with spaces and all",
        "nothing but lower case letters",
        "пароль из двенадцати",
        "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧",
        "x" * 1023 + "y",
    ],
)
def test_a_long_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    check_password(password, "ann")


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("elevenchars", "at least 12 characters"),
        ("", "at least 12 characters"),
        ("x" * 1024 + "y", "1024 bytes"),
        ("я" * 512 + "ю", "1024 bytes"),
        ("A Long Enough Name", "the name"),
        ("aaaaaaaaaaaaaaaa", "one character"),
        ("aAaAaAaAaAaA", "one character"),
        ("PasswordPassword", "first that are guessed"),
        ("123456789012", "first that are guessed"),
        ("correct horse battery staple", "first that are guessed"),
        ("not text in utf-8 \udc80", "UTF-8"),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused_with_the_reason(
    password: str, told: str
) -> None:
    with pytest.raises(WeakPasswordError, match=told) as caught:
        check_password(password, "a long enough name")
    assert not password or password not in str(caught.value)

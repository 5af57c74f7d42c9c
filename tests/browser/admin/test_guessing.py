"""Nobody gets in by guessing.

In a stack of its own: afterwards it lets nobody in from the address of the tests.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from local_stack.running_stack import RunningStack, temporary_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with temporary_stack() as running:
        yield running


def test_ten_wrong_passwords_are_enough(open_desk: Any, create_operator: Any) -> None:
    create_operator("grace")
    desk = open_desk()
    for _ in range(10):
        desk.sign_in("grace", "not the right password")
        expect(desk.page.get_by_role("alert")).to_be_visible()
    # Even the right one is not looked at now.
    desk.sign_in("grace")
    expect(desk.page.get_by_role("alert")).to_contain_text("Too many wrong passwords.")
    desk.open("/admin/")
    expect(desk.button("Sign in")).to_be_visible()

"""Signing in and out in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_visitor_signs_in_with_a_key_and_out_again(
    gateway: Any, visit: Callable[..., Page], scripts: bool
) -> None:
    page = visit(scripts=scripts)
    expect(page.get_by_label("API key")).to_be_focused()
    sign_in(page, gateway.key)
    expect(page.get_by_role("heading", name="Upload photos")).to_be_visible()
    assert page.url == f"{gateway.base_url}/api/"
    assert gateway.key not in page.content()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.request.get(f"{gateway.base_url}/api/tasks").status == 401


@pytest.mark.parametrize("scripts", [True, False])
def test_a_wrong_key_is_told_and_the_right_one_can_follow(
    gateway: Any, visit: Callable[..., Page], scripts: bool
) -> None:
    page = visit(scripts=scripts)
    sign_in(page, "photo_guess")
    expect(page.get_by_role("alert")).to_have_text("This API key is unknown or has expired.")
    expect(page.get_by_label("API key")).to_have_attribute("aria-invalid", "true")
    sign_in(page, gateway.key)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_service_that_is_out_of_reach_is_told_and_the_key_can_be_sent_again(
    gateway: Any, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.context.set_offline(True)
    sign_in(page, gateway.key)
    expect(page.get_by_role("alert")).to_have_text("The service cannot be reached.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_visitor_who_was_told_of_a_wrong_key_can_switch_the_language(
    visit: Callable[..., Page], scripts: bool
) -> None:
    page = visit(scripts=scripts)
    sign_in(page, "photo_guess")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Русский").click()
    expect(page.get_by_role("heading", name="Вход")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ru")

"""`/api/docs` in a real browser, without the internet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from local_stack.running_stack import RunningStack

_API = Path(__file__).parents[4] / "docs" / "api.md"
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
  console.error(`${effectiveDirective} forbids ${blockedURI}`));
"""


@dataclass
class Seen:
    """What a page asked for and what it complained of."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def seen(page: Page) -> Seen:
    found = Seen()
    page.add_init_script(_TELL_VIOLATIONS)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("requestfailed", lambda request: found.complaints.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on(
        "console",
        lambda line: (
            found.complaints.append(line.text) if line.type in {"error", "warning"} else None
        ),
    )
    return found


def operations(stack: RunningStack) -> Iterator[str]:
    document = httpx.get(f"{stack.base_url}/api/openapi.json", trust_env=False).json()
    for methods in document["paths"].values():
        for operation in methods.values():
            yield operation["operationId"]


def test_the_documentation_shows_every_call_and_asks_nobody_else_for_anything(
    page: Page, seen: Seen, stack: RunningStack
) -> None:
    answer = page.goto(f"{stack.base_url}/api/docs")
    assert answer
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    names = list(operations(stack))
    expect(page.locator(".opblock")).to_have_count(len(names))
    page.locator(".opblock-post", has_text="/api/upload/").locator(".opblock-summary").click()
    expect(page.locator(".opblock-post.is-open")).to_contain_text("images")
    page.wait_for_load_state("networkidle")
    assert seen.complaints == []
    own = (f"{stack.base_url}/", "data:", "blob:")
    assert [address for address in seen.requests if not address.startswith(own)] == []
    assert f"{stack.base_url}/api/docs/swagger-ui-bundle.js" in seen.requests


def test_a_call_can_be_tried_out_in_the_documentation_with_the_token_of_the_session(
    page: Page, seen: Seen, stack: RunningStack
) -> None:
    page.goto(f"{stack.base_url}/api/docs")
    retry = page.locator(".opblock-post", has_text="/retry")
    retry.locator(".opblock-summary").click()
    retry.get_by_role("button", name="Try it out").click()
    retry.locator("input").first.fill("00000000-0000-7000-8000-000000000000")
    with page.expect_response("**/retry") as answered:
        retry.get_by_role("button", name="Execute").click()
    # Not csrf_failed.
    assert (answered.value.status, answered.value.json()["code"]) == (404, "unknown_task")
    expect(retry.locator(".live-responses-table")).to_contain_text("unknown_task")
    assert not [told for told in seen.complaints if "404" not in told]


def test_the_script_of_the_documentation_follows_an_upload(
    page: Page, stack: RunningStack, http: httpx.Client, jpeg: bytes
) -> None:
    [script] = re.findall(r"^```js\n(.*?)^```", _API.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    receipt = http.post("/api/upload/", files={"images": ("a.jpg", jpeg)}).json()
    page.goto(f"{stack.base_url}/api/docs")
    told = page.evaluate(
        "batchId => new Promise((resolve) => { const shown = {};"
        " const show = (task) => { shown[task.task_id] = task.status; };"
        f" const sum = (totals) => resolve({{ shown, totals }}); {script} }})",
        receipt["batch_id"],
    )
    assert told == {
        "shown": dict.fromkeys(receipt["task_ids"], "SUCCESS"),
        "totals": {"PENDING": 0, "SUCCESS": 1, "FAILURE": 0},
    }

"""The audit log is shown newest first, and narrowed by who, what and to what."""

import html
import re
from typing import Any

import pytest

AUDIT = "/admin/audit-log/"


@pytest.fixture
async def written(pool: Any) -> None:
    await pool.executemany(
        "INSERT INTO audit_log (operator, address, action, target, details, request_id)"
        " VALUES ($1, '192.0.2.1', $2, $3, $4::jsonb, 'r')",
        [
            (f"operator {number % 2}", ("retry", "delete")[number % 3 == 0], f"t{number}", "{}")
            for number in range(130)
        ],
    )


def targets(page: Any) -> list[str]:
    assert page.status_code == 200
    return re.findall(r'<td class="target">(?:<a[^>]*>)?([^<]+)', page.text)


async def test_pages_follow_one_another_without_gaps(visitor: Any, written: None) -> None:
    first = await visitor.get(AUDIT)
    [address] = re.findall(r'href="([^"]+)" rel="next"', first.text)
    second = await visitor.get(AUDIT + html.unescape(address))
    assert targets(first) + targets(second) == [f"t{number}" for number in reversed(range(130))]


async def test_filters_narrow_it(visitor: Any, written: None) -> None:
    page = await visitor.get(f"{AUDIT}?operator=operator+1&action=delete")
    assert targets(page) == [f"t{n}" for n in reversed(range(130)) if n % 2 and n % 3 == 0]
    assert targets(await visitor.get(f"{AUDIT}?target=t7")) == ["t7"]
    assert targets(await visitor.get(f"{AUDIT}?target=t7&operator=nobody")) == []


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 30])
async def test_a_place_that_no_page_named_is_not_there(visitor: Any, query: str) -> None:
    assert (await visitor.get(f"{AUDIT}?{query}")).status_code == 404


@pytest.mark.parametrize("query", ["operator=" + "x" * 300, "target=%00"])
async def test_a_filter_that_is_too_long_or_holds_nul_is_refused(visitor: Any, query: str) -> None:
    assert (await visitor.get(f"{AUDIT}?{query}")).status_code == 422


async def test_what_forms_brought_in_is_text(visitor: Any, pool: Any) -> None:
    await pool.execute(
        "INSERT INTO audit_log (operator, address, action, target, details, request_id)"
        " VALUES ('<b>', '<i>', 'retry', '\"><script>', '{\"<u>\": \"<s>\"}', 'r')"
    )
    page = (await visitor.get(AUDIT)).text
    assert not any(tag in page for tag in ("<b>", "<i>", "<u>", "<s>", '"><script>'))

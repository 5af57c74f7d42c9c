"""The lists of small tables, which sqladmin makes."""

from typing import Any

import asyncpg


async def test_operators_are_listed_without_their_hashes(site: Any) -> None:
    visitor = await site.signed_in("ann <b>")
    page = (await visitor.get("/admin/records/operators/")).text
    assert "<td>ann &lt;b&gt;</td>" in page
    assert "superuser" in page
    assert "argon2" not in page


async def test_paused_lanes_are_listed(site: Any, pool: asyncpg.Pool) -> None:
    visitor = await site.signed_in()
    assert "There are none." in (await visitor.get("/admin/records/paused-lanes/")).text
    await pool.execute("INSERT INTO paused_lanes (lane, paused_by) VALUES ('bulk', 'x')")
    assert "<td>bulk</td>" in (await visitor.get("/admin/records/paused-lanes/")).text


async def test_of_sqladmin_there_is_nothing_but_the_lists(site: Any) -> None:
    visitor = await site.signed_in()
    for address in (
        "operators/list",
        "operators/create",
        "operators/edit/1",
        "operators/details/1",
        "operators/delete?pks=1",
        "operators/export/csv",
        "operators/import",
        "operators/ajax/lookup",
        "login/",
        "logout/",
        "statics/css/main.css",
    ):
        for method in ("GET", "POST", "DELETE"):
            answer = await visitor.request(method, f"/admin/records/{address}")
            assert answer.status_code in {404, 405}, (method, address)
    assert (await visitor.post("/admin/records/operators/")).status_code == 405


async def test_a_query_that_makes_no_sense_hurts_nothing(site: Any) -> None:
    visitor = await site.signed_in()
    for query in ("page=0", "page=99999999999", "page=x", "pageSize=-1", "sortBy=password_hash"):
        answer = await visitor.get(f"/admin/records/operators/?{query}")
        assert answer.status_code in {200, 302, 400}, query

"""How often one visitor may ask, and how much they may hold of the replica."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


async def test_every_answer_tells_what_is_left(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        for path in ("/api/limits", "/api/nothing"):
            answer = await client.get(path)
            assert answer.headers["ratelimit-policy"].startswith('"requests";q=6000;w=60')
            assert '"requests";r=' in answer.headers["ratelimit"]
        assert "ratelimit" not in (await client.get("/livez")).headers


async def test_too_many_requests_of_one_address_are_refused_and_others_served(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(requests_per_minute=3)
    async with gateway.client(address="192.0.2.1") as client:
        for _ in range(3):
            # A new session each time: they are free to make.
            client.cookies.clear()
            assert (await client.get("/api/csrf")).status_code == 200
        answer = await client.get("/api/csrf")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["ratelimit"].startswith('"requests";r=0;t=')
    async with gateway.client(address="192.0.2.2") as client:
        assert (await client.get("/api/csrf")).status_code == 200
    async with gateway.client(gateway.issue("alice"), address="192.0.2.1") as client:
        assert (await client.get("/api/limits")).status_code == 200


async def test_an_owner_is_one_visitor_from_wherever_they_come(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway()
    limits = "    limits: {requests_per_minute: 2}\n"
    key = gateway.issue("alice", more=limits)
    statuses = []
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        async with gateway.client(key, address=address) as client:
            statuses.append((await client.get("/api/limits")).status_code)
    assert statuses == [200, 200, 429]


async def test_guessing_keys_is_limited(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(requests_per_minute=2)
    async with gateway.client("photo_guess") as client:
        statuses = [(await client.get("/api/limits")).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


async def test_bytes_beyond_the_limit_are_refused_before_they_are_sent(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(upload_bytes_per_hour=1000)
    upload = [("images", ("a.jpg", JPEG + bytes(600)))]
    async with gateway.client(gateway.issue("alice")) as client:
        assert (await client.post("/api/upload/", files=upload)).status_code != 429
        read = False

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            read = True
            yield bytes(900)

        answer = await client.post(
            "/api/upload/", content=body(), headers={"Content-Length": "900"}
        )
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 60
    assert not read


async def test_a_visitor_with_many_slow_uploads_leaves_places_to_others(
    open_gateway: Callable[..., Any],
) -> None:
    # 8 MiB hold one file: 4 places, 2 of them for one visitor.
    gateway = await open_gateway(upload_buffer_bytes=8 * 2**20)
    adapters = gateway.fastapi.state.adapters
    hold = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await hold.wait()

    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    async with (
        gateway.client(gateway.issue("slow")) as trickler,
        gateway.client(gateway.issue("honest")) as honest,
    ):
        slow_ones = [
            asyncio.create_task(trickler.post("/api/upload/", content=slow(), headers=multipart))
            for _ in range(2)
        ]
        async with asyncio.timeout(20):
            while adapters.places.taken < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        refused = await trickler.post("/api/upload/", files=[("images", ("a.jpg", JPEG))])
        served = await honest.post("/api/upload/", files=[("images", ("a.jpg", JPEG))])
        hold.set()
        await asyncio.gather(*slow_ones)
    assert (refused.status_code, refused.json()["code"]) == (503, "over_capacity")
    assert int(refused.headers["retry-after"]) > 0
    assert served.json()["code"] != "over_capacity"
    assert adapters.places.taken == 0

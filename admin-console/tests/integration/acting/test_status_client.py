"""Pictures come through the status service, in the name of the operator."""

from typing import Any

import pytest

from admin_console.status_client import StatusClient, StatusUnavailableError
from local_stack.ports import free_ports
from photo_domain.errors import ErrorCode, RequestError
from service_kit.grpc_channel import open_channel


async def test_a_rendition_arrives_whole_and_the_service_knows_who_asked(
    status_client: StatusClient, status: Any
) -> None:
    opened = await status_client.open_rendition("an id", "thumbnail", "ada")
    assert (opened.content_type, opened.size) == ("image/webp", 12)
    assert len(b"".join([chunk async for chunk in opened.chunks])) == 12
    [viewer] = status.viewers
    assert (viewer.operator, viewer.owner) == ("ada", "")


async def test_a_refusal_is_told(status_client: StatusClient, status: Any) -> None:
    status.refusal = ErrorCode.UNKNOWN_OBJECT
    with pytest.raises(RequestError) as caught:
        await status_client.open_rendition("an id", "thumbnail", "ada")
    assert caught.value.code is ErrorCode.UNKNOWN_OBJECT


async def test_a_rendition_that_breaks_off_is_not_taken_for_whole(
    status_client: StatusClient, status: Any
) -> None:
    status.breaks = True
    opened = await status_client.open_rendition("an id", "thumbnail", "ada")
    with pytest.raises(StatusUnavailableError):
        async for _chunk in opened.chunks:
            pass


async def test_a_service_that_is_away_is_unavailable() -> None:
    channel = open_channel(f"dns:///127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(StatusUnavailableError):
        await StatusClient(channel).open_rendition("an id", "thumbnail", "ada")
    await channel.close()

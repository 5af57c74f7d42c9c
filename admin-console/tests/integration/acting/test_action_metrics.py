"""What the metrics tell of what operators do."""

from typing import Any

from prometheus_client import REGISTRY

from admin_console.ingest_client import IngestClient
from admin_console.photo_actions import Asker, PhotoActions
from local_stack.ports import free_ports
from photo_records.bulk_action_table import PhotoAction
from service_kit.grpc_channel import open_channel


def counted(outcome: str) -> float:
    labels = {"action": "cancel", "outcome": outcome}
    return REGISTRY.get_sample_value("photo_console_actions_total", labels) or 0


async def test_actions_are_counted_by_what_became_of_them(
    actions: PhotoActions, photos: Any, asker: Asker, pool: Any
) -> None:
    before = {each: counted(each) for each in ("done", "refused", "out_of_reach")}
    [waiting] = await photos.add()
    [ended] = await photos.add(failed="timeout")
    await actions.act(PhotoAction.CANCEL, [waiting, ended], asker)
    async with open_channel(f"dns:///127.0.0.1:{free_ports(1)[0]}") as nowhere:
        await PhotoActions(pool, IngestClient(nowhere)).act(PhotoAction.CANCEL, [waiting], asker)
    assert {each: counted(each) - before[each] for each in before} == dict.fromkeys(before, 1)

"""A batch to register."""

from photo_domain.task_id import new_task_id
from photo_records.registration import NewBatch, NewPhoto
from photo_records.task_queue import Lane


def new_batch(lane: Lane, files: int) -> NewBatch:
    """With ids that no other has."""
    batch_id = new_task_id()
    photos = tuple(
        NewPhoto(
            task_id=(task_id := new_task_id()),
            file_name="a.jpg",
            content_type="image/jpeg",
            size=3,
            sha256=bytes(32),
            object_key=f"originals/{task_id}",
            position=position,
        )
        for position in range(files)
    )
    return NewBatch(batch_id, "owner", str(batch_id), bytes(32), [], lane, photos)

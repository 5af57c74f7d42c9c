"""The start check of services that write objects."""

import asyncio
from typing import TYPE_CHECKING

import obstore

from photo_objects.errors import ObjectExistsError, StorageUnavailableError, translated_errors
from photo_objects.settled import settled

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PROBE_NAME = "start-check"


async def check_writable(
    store: "ObjectStore", folder: str = "originals", timeout_seconds: float = 15
) -> None:
    """Create `{folder}/start-check`, an object of one byte, or find that it is there.

    A credential that may only create below its folder passes, and no second object is ever
    made: stores check the right to write before they say that a key is taken, and a file store
    writes the bytes before it does. Raises StorageUnavailableError with a sentence for the
    operator.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            with translated_errors(store):
                await settled(
                    obstore.put_async(store, f"{folder}/{PROBE_NAME}", b"1", mode="create")
                )
    except ObjectExistsError:
        return
    except TimeoutError as error:
        raise StorageUnavailableError(
            f"Storage is not writable: no answer within {timeout_seconds:g} seconds."
        ) from error
    except StorageUnavailableError as error:
        raise StorageUnavailableError(
            "Storage is not writable: check that the location exists, that the credentials may "
            f"create objects in the folder {folder}/, and that there is space left."
        ) from error.__cause__

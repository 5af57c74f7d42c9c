"""The start check of services that write objects."""

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import obstore

from photo_objects.errors import ObjectExistsError, StorageUnavailableError, translated_errors

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
                await _create(store, f"{folder}/{PROBE_NAME}")
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


async def _create(store: "ObjectStore", key: str) -> None:
    """Create the object from a thread that the end of the process need not wait for.

    Not `put_async`: its threads come back for the interpreter when it may be gone already, after a
    check that failed, and that aborts the process: no exit code then says why.
    """
    loop = asyncio.get_running_loop()
    created: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if created.cancelled():
            return
        if error is None:
            created.set_result(None)
        else:
            created.set_exception(error)

    def put() -> None:
        error: Exception | None = None
        try:
            obstore.put(store, key, b"1", mode="create")
        except Exception as failure:  # noqa: BLE001 - it is raised where it is waited for
            error = failure
        # Nobody waits any more once the loop is closed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=put, name="storage-probe", daemon=True).start()
    await created

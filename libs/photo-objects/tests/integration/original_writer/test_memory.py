import subprocess
import sys
from pathlib import Path

import pytest

MEGABYTE = 1024 * 1024

SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from photo_objects.buffer_budget import BufferBudget
from photo_objects.original_writer import OriginalWriter
from photo_objects.store_url import open_store

CHUNK = bytes(range(256)) * 256
SIZE, FILES = int(sys.argv[2]), int(sys.argv[3])

def peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

async def main() -> None:
    budget = BufferBudget(64 * 1024 * 1024)
    writer = OriginalWriter(open_store(Path(sys.argv[1]).as_uri()), budget)
    async def put(upload, slots):
        try:
            await upload.finish()
        finally:
            slots.release()
    async def send(name, size, slots):
        await slots.acquire()
        upload = await writer.begin(name, SIZE)
        for start in range(0, size, len(CHUNK)):
            await upload.write(memoryview(CHUNK)[: size - start])
        return asyncio.create_task(put(upload, slots))
    slots = asyncio.Semaphore(4)
    await (await send("warm-up", 1, slots))
    before = peak()
    puts = [await send(f"file-{number}", SIZE, slots) for number in range(FILES)]
    await asyncio.gather(*puts)
    assert budget.reserved == 0
    print(peak() - before)

asyncio.run(main())
sys.stdout.flush()
# obstore's threads may abort an interpreter that is taken down right after their last call.
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("size", "files", "limit"),
    [(5 * MEGABYTE, 100, 60 * MEGABYTE), (100 * MEGABYTE, 1, 60 * MEGABYTE)],
)
def test_memory_grows_by_the_buffers_alone(
    tmp_path: Path, size: int, files: int, limit: int
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(size), str(files)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert int(run.stdout) < limit

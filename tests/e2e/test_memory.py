"""Uploads of any size pass through; nothing holds them whole."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc

MIB = 1024 * 1024
FULL_FILE = b"\xff\xd8\xff" + bytes(5 * MIB - 3)


class PeakMemory:
    """How much more a process has held since the object was made, in bytes (proc(5))."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # sets the peak back to what is held now
        self._before = self._read("VmRSS")

    @property
    def growth(self) -> int:
        return self._read("VmHWM") - self._before

    def _read(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", self._status.read_text())
        assert found
        return int(found[1]) * 1024


def gauge(stack: Any, name: str, service: str = "upload-gateway") -> float:
    port = stack.processes()[service]["metrics_port"]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found
    return float(found[1])


def peaks(stack: Any) -> dict[str, PeakMemory]:
    processes = stack.processes()
    return {
        name: PeakMemory(processes[name]["pid"]) for name in ("upload-gateway", "ingest-service")
    }


def test_a_full_upload_of_500_mb_costs_little_memory(
    stack: Any, api: Any, jpeg: bytes, streamed_upload: Any
) -> None:
    assert api.upload([("first.jpg", jpeg)]).status_code == 202  # what is loaded lazily is loaded
    memory = peaks(stack)
    upload = streamed_upload(100, FULL_FILE)
    answer = api.http.post("/api/upload/", headers=upload.headers, content=iter(upload))
    assert answer.status_code == 202
    assert len(answer.json()["task_ids"]) == 100
    assert memory["upload-gateway"].growth < 60 * MIB
    assert memory["ingest-service"].growth < 15 * MIB


@pytest.mark.parametrize(
    "files", [10, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_twenty_uploads_at_once_stay_within_the_byte_budget(
    files: int, make_api: Any, streamed_upload: Any, jpeg: bytes
) -> None:
    from local_stack.running_stack import temporary_stack

    budget = 64 * MIB
    with temporary_stack({"UPLOAD_BUFFER_BYTES": str(budget)}) as stack:
        visitors = [make_api(stack.base_url) for _ in range(20)]
        assert visitors[0].upload([("first.jpg", jpeg)]).status_code == 202
        memory = peaks(stack)

        def send(api: Any) -> int:
            upload = streamed_upload(files, FULL_FILE)
            api.http.timeout = httpx.Timeout(300)
            answer = api.http.post("/api/upload/", headers=upload.headers, content=iter(upload))
            return len(answer.json().get("task_ids", []))

        with ThreadPoolExecutor(20) as threads:
            assert list(threads.map(send, visitors)) == [files] * 20
        assert gauge(stack, "photo_upload_buffer_peak_bytes") <= budget
        assert gauge(stack, "photo_upload_buffer_bytes") == 0
        # Beside the budget: what uvicorn has read ahead on each of twenty connections.
        assert memory["upload-gateway"].growth < budget + 32 * MIB


CHUNK = 256 * 1024


def streamed(owner: str, files: int) -> Iterator[pb.UploadBatchRequest]:
    """A full upload as a stream of messages."""
    yield pb.UploadBatchRequest(batch=pb.BatchHeader(owner=owner))
    for number in range(files):
        yield pb.UploadBatchRequest(file=pb.FileHeader(file_name=f"{number}.jpg"))
        for start in range(0, len(FULL_FILE), CHUNK):
            yield pb.UploadBatchRequest(chunk=FULL_FILE[start : start + CHUNK])
        yield pb.UploadBatchRequest(file_end=pb.FileEnd())
    yield pb.UploadBatchRequest(batch_end=pb.BatchEnd(file_count=files))


def test_twenty_grpc_streams_at_once_stay_within_the_byte_budget() -> None:
    from local_stack.running_stack import temporary_stack

    budget = 64 * MIB
    with temporary_stack({"UPLOAD_BUFFER_BYTES": str(budget)}) as stack:
        port = stack.processes()["ingest-service"]["port"]
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = pb_grpc.IngestServiceStub(channel)

            def send(number: int) -> int:
                return len(stub.UploadBatch(streamed(f"owner {number}", 10), timeout=100).tasks)

            assert stub.UploadBatch(streamed("first", 1), timeout=60).tasks
            memory = peaks(stack)
            with ThreadPoolExecutor(20) as threads:
                assert list(threads.map(send, range(20))) == [10] * 20
        assert gauge(stack, "photo_upload_buffer_peak_bytes", "ingest-service") <= budget
        assert gauge(stack, "photo_upload_buffer_bytes", "ingest-service") == 0
        # Beside the budget: what gRPC has read ahead on each of twenty streams, and its messages.
        assert memory["ingest-service"].growth < budget + 48 * MIB

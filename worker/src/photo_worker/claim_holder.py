"""The names that a worker's processes claim tasks under."""

import secrets
import socket
from dataclasses import dataclass, field


def _new_worker_name() -> str:
    # Host names and pids come again, in containers above all.
    return f"{socket.gethostname()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class ClaimHolder:
    """One worker; to be made before its processes are, so that they and their parent agree."""

    worker_name: str = field(default_factory=_new_worker_name)

    def name_of(self, pid: int) -> str:
        """What the process `pid` of this worker claims under: `host:nonce:pid`."""
        return f"{self.worker_name}:{pid}"

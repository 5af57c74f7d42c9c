"""The health of a service: whether what it depends on answers (grpc.health.v1)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from grpc_health.v1.health import aio as health_aio
from grpc_health.v1.health_pb2 import HealthCheckResponse

# The name that liveness probes ask for: it serves whatever the dependencies do, which no new start
# of the service would mend.
LIVENESS = "liveness"

_INTERVAL_SECONDS = 2.0
_TIMEOUT_SECONDS = 2.0

_SERVING = HealthCheckResponse.SERVING
_NOT_SERVING = HealthCheckResponse.NOT_SERVING

_log = structlog.get_logger(__name__)


class HealthReporter:
    """Asks every dependency in turn, for ever, and reports SERVING while all of them answer.

    A check raises, or takes longer than 2 s, when its dependency is out of reach. The health of
    `LIVENESS` is SERVING for as long as the server runs.
    """

    def __init__(self, service: str, checks: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        self.servicer = health_aio.HealthServicer()
        self._service = service
        self._checks = checks
        self._failing: frozenset[str] | None = None
        self._asked: set[asyncio.Task[bool]] = set()

    async def enter_startup(self) -> None:
        """Report NOT_SERVING until the first check: gRPC's servicer would begin with SERVING."""
        await self._report(_NOT_SERVING)
        await self.servicer.set(LIVENESS, _SERVING)

    async def watch(self) -> None:
        """Check now and every 2 s until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def check(self) -> None:
        """Ask every dependency once and report the result."""
        failing = frozenset([name for name in self._checks if not await self._answers(name)])
        if failing == self._failing:
            return
        self._failing = failing
        if failing:
            _log.warning("not_ready", failing=sorted(failing))
        else:
            _log.info("ready")
        await self._report(_NOT_SERVING if failing else _SERVING)

    async def enter_shutdown(self) -> None:
        """Report NOT_SERVING from now on, whatever the checks say."""
        await self.servicer.enter_graceful_shutdown()

    async def _answers(self, name: str) -> bool:
        check = asyncio.create_task(self._ask(name))
        self._asked.add(check)
        check.add_done_callback(self._asked.discard)
        try:
            done, _ = await asyncio.wait([check], timeout=_TIMEOUT_SECONDS)
        finally:
            # It may take long to give up: the report does not wait for that.
            check.cancel()
        return bool(done) and check.result()

    async def _ask(self, name: str) -> bool:
        try:
            await self._checks[name]()
        except Exception as error:  # noqa: BLE001 - whatever it is, the dependency did not answer
            _log.debug("check_failed", dependency=name, error=type(error).__name__)
            return False
        return True

    async def _report(self, status: int) -> None:
        await self.servicer.set("", status)
        await self.servicer.set(self._service, status)

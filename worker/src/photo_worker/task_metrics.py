"""What the worker counts. To be imported after `prepare_metrics_folder`."""

from prometheus_client import Counter, Gauge, Histogram

from photo_domain.failure import FailureCode
from photo_records.task_queue import Lane
from photo_worker.outcome import Outcome, OutcomeKind

_ENDED = Counter(
    "photo_worker_tasks",
    "Deliveries of image_handler by what became of them; code is empty but for failures.",
    ["result", "code"],
)
_ATTEMPTS = Counter("photo_worker_attempts", "Runs that were claimed, postponed ones included.")
_PROCESSING = Histogram(
    "photo_worker_processing_seconds",
    "From the claim to the stored renditions, for photos that ended in SUCCESS.",
    ["format"],
    buckets=(0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120),
)
_STEPS = Histogram(
    "photo_worker_step_seconds",
    "How long each step took, for photos that ended in SUCCESS.",
    ["step", "format"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)
# A bucket ends at 30 s: that most interactive photos are done by then is an objective.
_TASKS = Histogram(
    "photo_task_seconds",
    "From the upload to the end, for first runs that a process of the pool ended itself.",
    ["lane", "result"],
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 14400, 86400),
)
# The parent alone sets it; its processes inherit it as 0.
_PROCESSES = Gauge("photo_worker_processes", "How many photos at a time", multiprocess_mode="max")
_UNTOLD = Counter(
    "photo_worker_changes_untold", "Changes that Redis did not take; watchers find them by looking."
)

# From the start, so that the first of each is an increase.
for _kind in OutcomeKind:
    for _code in FailureCode if _kind is OutcomeKind.FAILURE else ("",):
        _ENDED.labels(result=str(_kind), code=str(_code))
for _lane in Lane:
    for _kind in (OutcomeKind.SUCCESS, OutcomeKind.FAILURE):
        _TASKS.labels(lane=str(_lane), result=str(_kind))


def count_untold_change() -> None:
    """Count a change that watchers were not told of."""
    _UNTOLD.inc()


def tell_pool_size(processes: int) -> None:
    """Tell how many photos the pool works on at a time."""
    _PROCESSES.set(processes)


def record(outcome: Outcome) -> None:
    """Count one delivery."""
    _ENDED.labels(result=str(outcome.kind), code=str(outcome.failure or "")).inc()
    if outcome.attempt:
        _ATTEMPTS.inc()
    if first := outcome.first_run:
        _TASKS.labels(lane=str(first.lane), result=str(outcome.kind)).observe(first.seconds)
    if result := outcome.result:
        _PROCESSING.labels(format=str(result.format)).observe(result.processing_time)
        for step, seconds in result.step_seconds.items():
            _STEPS.labels(step=step, format=str(result.format)).observe(seconds)

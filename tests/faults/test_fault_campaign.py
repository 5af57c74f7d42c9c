"""A short, seeded form of the campaign; `make faults` runs all of it."""

import random
from collections.abc import Sequence

import pytest

from fault_campaign.campaign import run_round
from fault_campaign.faults import Fault, process_faults
from fault_campaign.report import Report
from fault_campaign.second_services import second_service_faults

_SEED = 20
_FAULTS = 6


def quick_faults() -> Sequence[Fault]:
    """Some of the faults that are over in seconds."""
    found = [fault for fault in (*process_faults(), *second_service_faults()) if fault.is_quick]
    return random.Random(_SEED).sample(found, _FAULTS)


# Each fault ends within bounds of its own; a busy machine takes its time for all of them.
@pytest.mark.timeout(400)
async def test_whatever_dies_every_acknowledged_file_reaches_one_result() -> None:
    faults = quick_faults()
    report = Report([await run_round(faults, _SEED)])
    assert report.complaints() == []
    assert report.rounds[0].verdict.acknowledged.total() > _FAULTS

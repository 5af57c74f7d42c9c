"""`python -m fault_campaign --rounds 5`: every fault, in a new order each round."""

import argparse
import asyncio
import logging
import random
import secrets
import signal
import sys

import structlog

from fault_campaign.campaign import can_mount, run_round
from fault_campaign.faults import DISK_FULL, process_faults
from fault_campaign.ledger import NO_FAULT
from fault_campaign.report import Report
from fault_campaign.second_services import second_service_faults


def main() -> int:
    """Run the campaign; 0 if nothing was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="fault_campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--only", default="", help="only faults whose name has this in it")
    arguments = parser.parse_args()
    # What the campaign's own parts log is of no use to its reader.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # An end in order, as Ctrl-C brings it: the system stops, the small disk is unmounted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    faults = [
        fault
        for fault in (*process_faults(), *second_service_faults())
        if arguments.only in fault.name
    ]
    if not can_mount():
        sys.stdout.write(f"Left out, it needs root to mount a small disk: {DISK_FULL}\n")
        faults = [fault for fault in faults if fault.name != DISK_FULL]
    report = Report()
    sys.stdout.write(f"{len(faults)} faults, {arguments.rounds} rounds, seed {arguments.seed}\n")
    for number in range(arguments.rounds):
        seed = arguments.seed + number
        order = random.Random(seed).sample(faults, len(faults))
        report.rounds.append(asyncio.run(run_round(order, seed)))
    sys.stdout.write(f"{report.table([NO_FAULT, *(fault.name for fault in faults)])}\n")
    for complaint in report.complaints():
        sys.stdout.write(f"{complaint}\n")
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

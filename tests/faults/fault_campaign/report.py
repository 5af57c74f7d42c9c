"""The figures of a campaign as a table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from fault_campaign.campaign import Round

# Of one kind and fault.
_SHOWN = 10
_HEAD = (
    "| fault | acknowledged | lost | doubled | stuck | failed | 503 |"
    " seconds until normal: median | most |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass
class Report:
    """All rounds together."""

    rounds: list[Round] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or stuck, and nobody got an answer it should not."""
        return not self.complaints()

    def complaints(self) -> list[str]:
        """What went wrong, in words."""
        found: list[str] = []
        for number, each in enumerate(self.rounds, 1):
            verdict = each.verdict
            for fault, details in verdict.details.items():
                found += [f"round {number}, {fault}: {detail}" for detail in details[:_SHOWN]]
            for fault, surprises in each.ledger.surprises.items():
                found += [f"round {number}, {fault}: {what}" for what in surprises[:_SHOWN]]
            for what, count in (
                ("tasks exist that no client was told of", verdict.untold),
                ("batches have a wrong count of pending photos", verdict.wrong_counts),
                ("objects without a row were left by the sweep", verdict.orphans_left),
                ("objects that rows name were swept", verdict.swept_wrongly),
            ):
                if count:
                    found.append(f"round {number}: {count} {what}")
        return found

    def table(self, faults: Sequence[str]) -> str:
        """A line for each fault, Markdown; below them their sum."""
        lines = [self._line(fault) for fault in faults]
        names = ("acknowledged", "lost", "doubled", "stuck", "failed")
        sums = [sum(self._counted(name).values()) for name in names]
        total = f"| all | {' | '.join(map(str, sums))} | | | |"
        return "\n".join((_HEAD, *lines, total))

    def _line(self, fault: str) -> str:
        names = ("acknowledged", "lost", "doubled", "stuck", "failed")
        counts = [self._counted(name)[fault] for name in names]
        refused = sum(each.ledger.answers[fault]["503"] for each in self.rounds)
        seconds = [
            each.seconds_until_normal[fault]
            for each in self.rounds
            if fault in each.seconds_until_normal
        ]
        times = f"{median(seconds):.1f} | {max(seconds):.1f}" if seconds else "not run | "
        return f"| {fault} | {' | '.join(map(str, counts))} | {refused} | {times} |"

    def _counted(self, name: str) -> Counter[str]:
        return _sum(getattr(each.verdict, name) for each in self.rounds)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total

"""What the menu of every page leads to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; `path` is the address, and what its pages begin with."""

    label: str
    path: str

    def is_at(self, path: str) -> bool:
        """Whether the page at `path` belongs to it; the front page has none below it."""
        return path == self.path or (self.path != HOME and path.startswith(self.path))


HOME = "/admin/"

MENU = (
    Entry("Overview", HOME),
    Entry("Photos", "/admin/photos/"),
    Entry("Batches", "/admin/batches/"),
    Entry("Bulk actions", "/admin/bulk-actions/"),
    Entry("Audit log", "/admin/audit-log/"),
    Entry("Sessions", "/admin/sessions/"),
    Entry("Operators", "/admin/records/operators/"),
    Entry("Paused lanes", "/admin/records/paused-lanes/"),
)

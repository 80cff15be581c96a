"""Print restore points for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.format import format_age, short_bytes
from condatui.view_models.restore_points import bring_back_words
from condatui.view_models.table import TableColumn
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.text import counted, format_bytes, sanitize

_COLUMNS = (
    TableColumn("id", "id", 60),
    TableColumn("made", "made", 7, align="right"),
    TableColumn("packages", "packages", 8, priority=2),
    TableColumn("kept", "kept", 6, align="right", priority=1),
    TableColumn("here", "to bring it back", 50, cut="end", priority=1),
    TableColumn("why", "why", 60, cut="end", priority=1),
    TableColumn("prefix", "prefix", 80, flexible=True, priority=2),
)


class _PointRows:
    """A table model of restore points, with their ids first, which the command takes."""

    columns = _COLUMNS

    def __init__(self, points: Sequence[RestorePointSummary], invocation: Invocation) -> None:
        self._points = points
        self._now = invocation.clock()

    def __len__(self) -> int:
        return len(self._points)

    def key(self, index: int) -> str:
        return self._points[index].id

    def cells(self, index: int) -> tuple[Text, ...]:
        point = self._points[index]
        pip = f"+{point.pip_packages}" if point.pip_packages else ""
        return (
            Text(point.id),
            Text(format_age(point.at, self._now)),
            Text(f"{point.packages}{pip}"),
            Text(short_bytes(point.bytes)),
            Text(bring_back_words(point), "" if point.whole else styles.WARNING),
            Text(sanitize(point.why), styles.DIM),
            Text(sanitize(point.prefix), styles.DIM),
        )


def print_restore_points(invocation: Invocation, points: Sequence[RestorePointSummary]) -> None:
    """Print a row for each restore point, the newest first, and their total size."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(_PointRows(points, invocation))
    total = format_bytes(sum(each.bytes for each in points))
    printer.text(Text(f"\n{counted(len(points), 'restore point')}, {total}.", styles.DIM))

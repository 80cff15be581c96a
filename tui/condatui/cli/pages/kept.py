"""Print what is kept, for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.format import format_age
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.environment import UserMarks
from condatui_core.text import sanitize

_COLUMNS = (
    TableColumn("name", "name", 32),
    TableColumn("since", "since", 6, align="right"),
    TableColumn("by", "by", 12, priority=1),
    TableColumn("note", "note", 60, cut="end"),
    TableColumn("prefix", "prefix", 80, flexible=True, priority=1),
)


class _KeptRows:
    """A table model of what is kept, in the order of the file."""

    columns = _COLUMNS

    def __init__(self, marks: UserMarks, names: Mapping[str, str], invocation: Invocation, glyphs: Glyphs) -> None:
        self._kept = marks.kept
        self._names = names
        self._now = invocation.clock()
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._kept)

    def key(self, index: int) -> str:
        return self._kept[index][0]

    def cells(self, index: int) -> tuple[Text, ...]:
        prefix, mark = self._kept[index]
        name = self._names.get(prefix)
        return (
            Text(sanitize(name)) if name else Text("not there any more", styles.WARNING),
            Text(format_age(mark.at, self._now) if mark.at else self._glyphs.nothing),
            Text(sanitize(mark.by)),
            Text(sanitize(mark.note)),
            Text(sanitize(prefix), styles.DIM),
        )


def print_kept(invocation: Invocation, marks: UserMarks, names: Mapping[str, str]) -> None:
    """Print a row for each environment that stays; `names` has those that are there, by prefix."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(_KeptRows(marks, names, invocation, printer.glyphs))

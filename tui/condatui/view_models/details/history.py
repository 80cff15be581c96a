"""The history of an environment, one row for each transaction."""

from __future__ import annotations

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import Revision
from condatui_core.text import sanitize

COLUMNS = (
    TableColumn("number", "rev", 4, align="right"),
    TableColumn("when", "when", 16, priority=1),
    TableColumn("added", "in", 5, align="right"),
    TableColumn("removed", "out", 5, align="right"),
    TableColumn("command", "command", 80, cut="end", flexible=True),
)


class HistoryModel:
    """Revisions as rows, newest first; conda writes their times in the local zone of that moment."""

    def __init__(self, environment: Environment, *, glyphs: Glyphs = UNICODE) -> None:
        revisions = environment.contents.history.revisions if environment.contents else ()
        self._revisions = tuple(reversed(revisions))
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._revisions)

    def key(self, index: int) -> str:
        """The number of the revision."""
        return str(self._revisions[index].number)

    def revision(self, index: int) -> Revision:
        """The revision behind a row."""
        return self._revisions[index]

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        revision = self._revisions[index]
        return (
            Text(str(revision.number)),
            Text(f"{revision.at:%Y-%m-%d %H:%M}" if revision.at else self._glyphs.nothing, styles.DIM),
            Text(f"+{len(revision.added)}" if revision.added else "", styles.GOOD),
            Text(f"{self._glyphs.minus}{len(revision.removed)}" if revision.removed else "", styles.ERROR),
            Text(sanitize(revision.command)),
        )

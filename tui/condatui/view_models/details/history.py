"""The history of an environment: a row for each revision, and two lines about the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timezone, tzinfo

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.revisions import moves_line, way_back_in_short, way_back_words
from condatui.view_models.table import TableColumn
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import Revision
from condatui_core.records.revision import RevisionFacts
from condatui_core.text import sanitize

COLUMNS = (
    TableColumn("number", "rev", 4, align="right"),
    TableColumn("when", "when", 16, priority=1),
    TableColumn("back", "back", 5, align="right"),
    TableColumn("changed", "changed", 60, cut="end", flexible=True, comfort=40),
    TableColumn("by", "by", 8, priority=3),
    TableColumn("command", "command", 60, cut="end", priority=2),
)
_MOST = 8
"""The changes that a row shows at most."""


class HistoryModel:
    """Revisions as rows, newest first; until they are looked into, each says how many packages came and went."""

    def __init__(
        self,
        environment: Environment,
        looked: Sequence[RevisionFacts] = (),
        *,
        zone: tzinfo | None = timezone.utc,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        """`zone` is the one in which times are shown; None is that of this machine."""
        revisions = environment.contents.history.revisions if environment.contents else ()
        self._zone = zone
        self._revisions = tuple(reversed(revisions))
        self._looked: Mapping[int, RevisionFacts] = {each.number: each for each in looked}
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
        revision, glyphs = self._revisions[index], self._glyphs
        facts = self._looked.get(revision.number)
        return (
            Text(str(revision.number)),
            Text(f"{revision.at.astimezone(self._zone):%Y-%m-%d %H:%M}" if revision.at else glyphs.nothing, styles.DIM),
            way_back_in_short(facts, glyphs) if facts else Text(glyphs.unread, styles.DIM),
            moves_line(facts, glyphs, _MOST) if facts else self._counts(revision),
            Text(sanitize(facts.by) if facts else "", styles.DIM),
            Text(sanitize(revision.command), styles.DIM),
        )

    def lines(self, index: int) -> tuple[Text, Text]:
        """Of a row: the command, and whether that revision can be gone back to."""
        revision = self._revisions[index]
        facts = self._looked.get(revision.number)
        return (
            Text(f"$ {sanitize(revision.command)}" if revision.command else "The history names no command."),
            Text(way_back_words(facts) if facts else "Looking for its packages…", styles.DIM),
        )

    def _counts(self, revision: Revision) -> Text:
        signs = (
            (self._glyphs.added, revision.added, styles.GOOD),
            (self._glyphs.minus, revision.removed, styles.ERROR),
        )
        return Text(" ").join(Text(f"{sign}{len(names)}", style) for sign, names, style in signs if names)

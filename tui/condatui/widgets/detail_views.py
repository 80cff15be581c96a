"""What the tabs after the first one show; imported when the user first opens one of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical
from textual.widget import Widget

from condatui.view_models.details.channels import ChannelsModel
from condatui.view_models.details.gpu_tab import gpu_text
from condatui.view_models.details.health import health_text
from condatui.view_models.details.history import HistoryModel
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableModel
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import TextPane
from condatui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from condatui.view_models.details.disk import DiskPartsModel, DiskSubject
    from condatui.view_models.details.subject import DetailSubject


# The disk tab: with whom an environment shares its bytes, and what they belong to


class DiskPane(Vertical):
    """Three summary lines and, below them, packages and directories; built when it is first shown."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._subject: DiskSubject | None = None
        self._model: DiskPartsModel | None = None
        self._lines = tuple(Line(id=f"disk-{name}") for name in ("shares", "sharers", "sum"))
        self.table = VirtualTable(glyphs, id="disk-parts")
        """The packages and directories; takes the focus."""

    @property
    def path(self) -> str | None:
        """The path under the cursor."""
        if self._model is None or not len(self._model):
            return None
        return self._model.path(self.table.cursor_row)

    @property
    def text(self) -> str:
        """The text of the summary lines."""
        return "\n".join(line.text for line in self._lines)

    def show(self, subject: DiskSubject) -> None:
        """Show what is known of an environment's disk use."""
        if not self.children:
            self.mount(*self._lines, self.table)
        before = self._subject
        if subject == before:
            return
        self._subject = subject
        self._show_lines(subject)
        if before and before.breakdown is subject.breakdown and before.environment is subject.environment:
            return
        fresh = before is None or before.environment.prefix != subject.environment.prefix
        self._show_parts(subject, fresh=fresh)

    def _show_lines(self, subject: DiskSubject) -> None:
        from condatui.view_models.details.disk import parts_line, sharers_line, shares_line  # noqa: PLC0415

        for line, make in zip(self._lines, (shares_line, sharers_line, parts_line), strict=True):
            line.draw(partial(make, subject, self._glyphs))

    def _show_parts(self, subject: DiskSubject, *, fresh: bool) -> None:
        from condatui.view_models.details.disk import DiskPartsModel  # noqa: PLC0415 - imported when the disk tab is first shown

        self._model = DiskPartsModel(subject, glyphs=self._glyphs)
        self.table.set_model(self._model, empty=Text(), fresh=fresh)


TEXTS = frozenset({"health", "gpu"})
"""The tabs that show text rather than a table."""


def view_of(tab: str, glyphs: Glyphs) -> Widget:
    """An empty view for a tab."""
    if tab == "disk":
        return DiskPane(glyphs, id=tab)
    return TextPane(id=tab) if tab in TEXTS else VirtualTable(glyphs, id=tab)


def model_of(tab: str, subject: DetailSubject, glyphs: Glyphs) -> TableModel:
    """The rows of a table tab."""
    if tab == "channels":
        return ChannelsModel(subject.environment, subject.channels, glyphs=glyphs)
    return HistoryModel(subject.environment, glyphs=glyphs)


def text_of(tab: str, subject: DetailSubject, glyphs: Glyphs) -> Text:
    """The text of a text tab; empty if there is nothing to say."""
    if tab == "health":
        return health_text(
            subject.environment, subject.now, words=subject.words, glyphs=glyphs, verified=subject.verified
        )
    return gpu_text(subject.gpu, glyphs=glyphs) if subject.gpu else Text()

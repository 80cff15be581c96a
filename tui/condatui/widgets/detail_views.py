"""What the tabs after the first one show; imported when the user first opens one of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual import on
from textual.containers import Vertical
from textual.widget import Widget

from condatui.view_models.details.gpu_tab import gpu_text
from condatui.view_models.details.health import health_blocks
from condatui.view_models.details.history import HistoryModel
from condatui.view_models.glyphs import Glyphs
from condatui.widgets.blocks_pane import BlocksPane
from condatui.widgets.line import Line, wrap_indented
from condatui.widgets.lines_pane import LinesPane, TextPane
from condatui.widgets.slim_pane import SlimPane
from condatui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from condatui.view_models.details.disk import DiskPartsModel, DiskSubject
    from condatui.view_models.details.subject import DetailSubject
    from condatui.view_models.gpu import GpuSubject
    from condatui_core.records.environment import Environment
    from condatui_core.records.prefix import Revision


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
    def copied(self) -> str:
        """What is copied of the row under the cursor; empty if there is none."""
        row = self.table.cursor_row
        return self._model.copied(row) if self._model is not None and row < len(self._model) else ""

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


# The history tab: revisions, and below them what there is to say of the one under the cursor


_LEAST_TEXT, _LEAST_TABLE = 2, 3
"""The lines that each keeps, however long a command is."""


class _RevisionText(LinesPane):
    """A whole command, however long it is, and whether there is a way back."""

    def lines_of(self, text: Text, width: int) -> list[Text]:
        """Wrap a text; continued lines are indented."""
        return wrap_indented(text, self.app.console, width)


class HistoryPane(Vertical):
    """The revisions, and below them the command of the one under the cursor and whether there is a way back."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._model: HistoryModel | None = None
        self._shown: tuple[object, ...] = ()
        self._text = _RevisionText(id="revision")
        self.table = VirtualTable(glyphs, id="revisions")
        """The revisions; takes the focus."""

    @property
    def revision(self) -> Revision | None:
        """The revision under the cursor."""
        row = self.table.cursor_row
        return self._model.revision(row) if self._model is not None and row < len(self._model) else None

    @property
    def is_entered(self) -> bool:
        """Whether the focus is on the revisions, or on the text below them."""
        return self.table.has_focus or self._text.has_focus

    def show(self, subject: DetailSubject, *, empty: Text) -> None:
        """Show the history of an environment; `empty` says why it has none."""
        if not self.children:
            self.mount(self.table, self._text)
        shown = (subject.environment, subject.revisions)
        if self._shown and all(one is other for one, other in zip(shown, self._shown, strict=True)):
            return
        fresh = not self._shown or cast("Environment", self._shown[0]).prefix != subject.environment.prefix
        self._shown = shown
        zone, glyphs = subject.now.tzinfo, self._glyphs
        self._model = HistoryModel(subject.environment, subject.revisions, zone=zone, glyphs=glyphs)
        self.table.set_model(self._model, empty=empty, fresh=fresh)
        self._show_text()

    @on(VirtualTable.Selected, "#revisions")
    def _read(self) -> None:
        """Go into the text, which scrolls if the command is longer than the pane."""
        self._text.focus()

    @on(VirtualTable.CursorMoved, "#revisions")
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
            self._show_text()

    def on_resize(self) -> None:
        """Give the text the lines that it has at the new width."""
        self._show_text()

    def _show_text(self) -> None:
        if self._model is None:
            return
        text = Text("\n").join(self._model.lines(self.table.cursor_row)) if len(self._model) else Text()
        size = self.size
        if not size and isinstance(self.parent, Widget):
            size = self.parent.size  # which the pane will have as well: it has none before it is first drawn
        lines = len(self._text.lines_of(text, max(1, size.width - 2))) if text else 0
        self._text.styles.height = max(_LEAST_TEXT, min(lines, size.height - _LEAST_TABLE))
        self._text.set_text(text)


def view_of(tab: str, glyphs: Glyphs) -> Widget:
    """An empty view for a tab."""
    if tab == "disk":
        return DiskPane(glyphs, id=tab)
    if tab == "history":
        return HistoryPane(glyphs, id=tab)
    if tab == "slim":
        return SlimPane(glyphs, id=tab)
    if tab == "health":
        return BlocksPane(glyphs, id=tab)
    return TextPane(id=tab) if tab == "gpu" else VirtualTable(glyphs, id=tab)


def show_health(pane: BlocksPane, subject: DetailSubject, glyphs: Glyphs, *, fresh: bool) -> None:
    """Show the health of an environment."""
    blocks = health_blocks(
        subject.environment,
        subject.now,
        words=subject.words,
        glyphs=glyphs,
        verified=subject.verified,
        examined=subject.told is None or subject.told.machine.examined,
    )
    pane.show(blocks, fresh=fresh)


def show_gpu(pane: TextPane, gpu: GpuSubject, glyphs: Glyphs, *, fresh: bool) -> None:
    """Show what is known of an environment's GPU."""
    pane.set_text(gpu_text(gpu, glyphs=glyphs), fresh=fresh)

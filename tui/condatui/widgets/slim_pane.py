"""The slim tab: classes of files, or the packages by what a command has used of them."""

from __future__ import annotations

from functools import partial

from rich.text import Text
from textual import on
from textual.containers import Vertical

from condatui.view_models import styles
from condatui.view_models.details.slim import SlimModel, SlimSubject, notes_line, sum_line
from condatui.view_models.details.traced import TracedModel, TracedSubject, traced_line, why_no_packages
from condatui.view_models.format import shorten_text
from condatui.view_models.glyphs import Glyphs
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.text import sanitize


class SlimPane(Vertical):
    """What the whole costs, a bar for each class, and below them why the one under the cursor goes or stays.

    Once a command has been run, its packages take the place of the classes, until the user turns to those again.
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._model: SlimModel | TracedModel = SlimModel(None, glyphs=glyphs)
        self._subject: SlimSubject | None = None
        self._traced: TracedSubject | None = None
        self._shows_traced = False
        self._stop_key = ""
        self._sum = Line(id="slim-sum")
        self._lines = (Line(id="slim-why"), Line(id="slim-what"))
        self._notes = Line(id="slim-notes")
        self.table = VirtualTable(glyphs, id="slim-classes")
        """The classes, or the packages; takes the focus."""

    @property
    def name_under_cursor(self) -> str:
        """The public name of the class, or the name of the package, under the cursor; empty if there is none."""
        row = self.table.cursor_row
        return self._model.key(row).partition(":")[2] or self._model.key(row) if row < len(self._model) else ""

    @property
    def text(self) -> str:
        """The text of the lines around the table."""
        return "\n".join(line.text for line in (self._sum, *self._lines, self._notes))

    def show(self, subject: SlimSubject, traced: TracedSubject | None, stop_key: str) -> None:
        """Show what is known of an environment, and what came of the last command; `stop_key` stops that."""
        if not self.children:
            self.mount(self._sum, self.table, *self._lines, self._notes)
        before, ran = self._subject, self._traced
        if subject is before and traced is ran:
            return
        self._subject, self._traced, self._stop_key = subject, traced, stop_key
        another = before is None or before.prefix != subject.prefix
        former = self._shows_traced
        if traced is None:
            self._shows_traced = False
        elif ran is None or another or ran.number != traced.number:
            self._shows_traced = True
        self._draw(fresh=another or former != self._shows_traced)

    def turn(self) -> bool:
        """Show the packages in the place of the classes, or the other way round; returns whether there are both."""
        if self._traced is None:
            return False
        self._shows_traced = not self._shows_traced
        self._draw(fresh=True)
        return True

    def _draw(self, *, fresh: bool) -> None:
        subject, traced, glyphs = self._subject, self._traced, self._glyphs
        assert subject is not None
        if self._shows_traced and traced:
            model = TracedModel(traced, glyphs=glyphs)
            self._sum.draw(partial(traced_line, traced, glyphs))
            self._notes.draw(lambda width: shorten_text(model.notes(), width, glyphs.ellipsis, cut="end"))
            self._model, empty = model, why_no_packages(traced, self._stop_key)
        else:
            self._model, empty = SlimModel(subject.slimming, glyphs=glyphs), Text()
            self._sum.draw(partial(sum_line, subject, glyphs))
            self._notes.draw(partial(notes_line, subject, glyphs))
        self.table.set_model(self._model, empty=empty, fresh=fresh)
        self._show_lines()

    @on(VirtualTable.CursorMoved, "#slim-classes")
    def _show_lines(self) -> None:
        for index, line in enumerate(self._lines):
            line.draw(partial(self._line, index))

    def _line(self, index: int, width: int) -> Text:
        return shorten_text(self._words(index), width, self._glyphs.ellipsis, cut="end")

    def _words(self, index: int) -> Text:
        model, row = self._model, self.table.cursor_row
        if not len(model):
            detail = self._subject.detail if self._subject and not index and not self._shows_traced else ""
            return Text(sanitize(detail), styles.DIM)
        return model.lines(row)[index]

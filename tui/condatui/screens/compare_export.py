"""What can be taken along from place 2: a cell, a row or the matrix on the clipboard, and files."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.text import Text
from textual import on, work

from condatui.screens.place import PlaceScreen
from condatui.services.comparer import Compared, chosen_file, save, suggested_file
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.compare.detail import CellSubject
from condatui.view_models.compare.export import FORMATS, cell_spec, markdown, row_text
from condatui.view_models.format import shorten_text
from condatui.widgets.input_bars import PromptBar
from condatui_core.errors import CondatuiError
from condatui_core.records.comparison import Row
from condatui_core.text import format_bytes, sanitize

_CLIPBOARD = 70_000
"""Bytes; terminals drop what is larger."""


class CompareExportScreen(PlaceScreen):
    """A place with a comparison of which something can be copied or saved."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.compared: Compared | None = None
        self.shown: tuple[Row, ...] = ()
        """The rows that pass the filters, in their order."""
        self._refusal = ""
        """Why the file that was named is not written."""
        self._there: Path | None = None
        """The file that is replaced if it is named once more."""

    @property
    def cell(self) -> CellSubject | None:
        """The cell under the cursor."""
        return None

    def action_copy(self) -> None:
        """Copy the cell under the cursor as conda or pip would be asked for it."""
        if (subject := self.cell) is None or subject.cell is None:
            self.say("There is nothing to copy.")
        else:
            self._copy(cell_spec(subject.cell), sanitize(cell_spec(subject.cell)))

    def action_copy_row(self) -> None:
        """Copy the package with its cells, a line each."""
        if subject := self.cell:
            self._copy(row_text(subject.comparison, subject.row), f"{sanitize(subject.row.name)} in all columns")

    def action_copy_all(self) -> None:
        """Copy all that is shown as a Markdown table."""
        if self.compared:
            self._copy(markdown(self.compared.comparison, self.shown), f"{len(self.shown)} rows as Markdown")

    def _copy(self, text: str, what: str) -> None:
        size = len(text.encode("utf-8", "backslashreplace"))
        if size > _CLIPBOARD:
            self.say(f"{format_bytes(size)} are too much for a terminal's clipboard: save it instead.")
        else:
            self.app.copy_to_clipboard(text)
            self.say(f"Copied {what}")

    def action_save(self) -> None:
        """Ask where to save what is shown."""
        if self.compared is None:
            return
        self._refusal, self._there = "", None
        self.query_one("#status").display = False
        self.query_one(PromptBar).ask("save as", suggested_file(self.compared.comparison))
        self.draw_bottom()

    @on(PromptBar.PromptLeft)
    def close_prompt(self) -> None:
        """Give the line back to the status, and the keys to the body."""
        self.query_one(PromptBar).display = False
        self.query_one("#status").display = True
        self.focus_body()
        self.draw_bottom()

    @on(PromptBar.PromptAnswered)
    def _take_name(self, event: PromptBar.PromptAnswered) -> None:
        try:
            file = chosen_file(event.text, self.session.workbench.locations.home)
        except CondatuiError as error:
            self._refuse(error.title)
        else:
            self._save(file, replace=file == self._there)

    @work(group="save", exclusive=True, exit_on_error=False)
    async def _save(self, file: Path, *, replace: bool) -> None:
        assert self.compared is not None
        try:
            await asyncio.to_thread(save, file, self.compared.comparison, self.shown, replace=replace)
        except FileExistsError:
            self._there = file
            self._refuse("This file exists: enter once more replaces it, esc leaves it.")
        except CondatuiError as error:
            self._refuse(error.title)
        else:
            self.close_prompt()
            self.say(f"Saved {len(self.shown)} rows as {sanitize(str(file))}")

    def _refuse(self, why: str) -> None:
        self._refusal = why
        self.draw_bottom()

    def hints(self, width: int) -> Text:
        """While a name is typed, what it can be or why it cannot."""
        if not self.query_one(PromptBar).display:
            return super().hints(width)
        help_text = Text(f"enter save  esc leave it  {'  '.join(FORMATS)}")
        text = Text(self._refusal, styles.WARNING) if self._refusal else help_text
        return shorten_text(text, width, self.session.signs.ellipsis)

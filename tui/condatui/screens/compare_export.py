"""Exports from place 2: a cell, a row or the matrix to the clipboard, and the matrix to a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work

from condatui.clipboard import fits
from condatui.screens.filtered_place import FilteredPlace
from condatui.screens.prompting_place import PromptingPlace
from condatui.services.comparer import Compared, chosen_file, save, suggested_file
from condatui.session import Session
from condatui.view_models.compare.detail import CellSubject
from condatui.view_models.compare.export import FORMATS, cell_spec, markdown, row_text
from condatui.widgets.input_bars import PromptBar
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.comparison import Row
from condatui_core.text import counted, sanitize


class CompareExportScreen(PromptingPlace, FilteredPlace):
    """A place with a comparison that can be copied and saved."""

    prompt_help = f"enter save  esc leave it  {'  '.join(FORMATS)}"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.compared: Compared | None = None
        self.shown: tuple[Row, ...] = ()
        """The rows that pass the filter, in their order."""
        self._existing: Path | None = None
        """The existing file that is replaced if the user names it once more."""

    @property
    def cell(self) -> CellSubject | None:
        """The cell under the cursor."""
        return None

    def action_copy(self) -> None:
        """Copy the cell under the cursor as a spec for conda or pip."""
        if (subject := self.cell) is None or subject.cell is None:
            self.say("There is nothing to copy.")
        else:
            self.copy(cell_spec(subject.cell))

    def action_copy_row(self) -> None:
        """Copy the package and its cells, one on each line."""
        if subject := self.cell:
            self._copy_rows(row_text(subject.comparison, subject.row), f"{subject.row.name} in all columns")

    def action_copy_all(self) -> None:
        """Copy the rows that are shown as a Markdown table."""
        if self.compared:
            self._copy_rows(
                markdown(self.compared.comparison, self.shown), f"{counted(len(self.shown), 'row')} as Markdown"
            )

    def _copy_rows(self, text: str, what: str) -> None:
        if fits(text):
            self.copy(text, what)
        else:
            self.say("This is too much for a terminal's clipboard: save the rows to a file instead.")

    def action_save(self) -> None:
        """Ask for a file for the rows that are shown."""
        if self.compared is None or self.refuses_changes():
            return
        if not self.shown:
            self.say("No row is shown: there is nothing to save.")
            return
        self._existing = None
        self.ask("save as", suggested_file(self.compared.comparison), edited=True)  # its end chooses the format

    @on(PromptBar.PromptAnswered)
    def _take_name(self, event: PromptBar.PromptAnswered) -> None:
        try:
            file = chosen_file(event.text, self.session.workbench.locations.home)
        except CondatuiError as error:
            self.refuse(error.title)
        else:
            self._save(file, replace=file == self._existing)

    @work(group="save", exclusive=True, exit_on_error=False)
    async def _save(self, file: Path, *, replace: bool) -> None:
        assert self.compared is not None
        try:
            await asyncio.to_thread(save, file, self.compared.comparison, self.shown, replace=replace)
        except FileExistsError:
            self._existing = file
            self.refuse("This file exists: enter once more replaces it, esc leaves it.")
        except CondatuiError as error:
            self.refuse(error.title)
        else:
            self.close_prompt()
            self.say(f"Saved {len(self.shown)} rows as {sanitize(str(file))}")

    def tell_failure(self, group: str, error: BaseException) -> None:
        """Say why nothing was saved where the name was typed."""
        if group == "save" and self.is_asking:
            self.refuse(sanitize(" ".join(str(unexpected(error, "It could not be saved.")).split())))
        else:
            super().tell_failure(group, error)

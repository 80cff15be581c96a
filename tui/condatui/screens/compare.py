"""Place 2: environments side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction, reworded
from condatui.actions.registry import bindings
from condatui.panels.base import titled_rule
from condatui.screens.compare_export import CompareExportScreen
from condatui.services.comparer import NOTHING, Compared, CompareSubject, compare_subjects, differs
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.compare.detail import CellSubject, cell_detail
from condatui.view_models.compare.matrix import MatrixModel, summary_words
from condatui.view_models.compare.rows import ComparisonQuery
from condatui.view_models.glyphs import shapes_for
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.matrix_table import MatrixTable
from condatui_core.log import unexpected
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize


class CompareScreen(CompareExportScreen):
    """One row for each package, one column for each environment; below them, details of the cell under the cursor."""

    PLACE = "compare"
    LANGUAGES: ClassVar = {
        "What a filter can say": (
            ("word", "in the name, the version, the build or the channel; all words must match"),
            ("!…", "what does not match the rest"),
        )
    }
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.comparison_query = ComparisonQuery()
        self._prefixes: tuple[str, ...] = ()
        """The prefixes that the user has asked to compare."""
        self._comparing: tuple[CompareSubject, ...] = ()
        """What was compared last, or is being compared."""
        self._left_out = ""
        """Which of the environments that the user wanted cannot be compared, and why."""
        self._reference = 0
        """The column that the user wants as the reference; a worker makes it so."""
        self._failure = ""
        """Why the last comparison came to nothing."""

    def compose_body(self) -> ComposeResult:
        """The matrix and the details of one cell."""
        yield MatrixTable(self.session.glyphs, id="matrix")
        yield Line(id="rule")
        yield LinesPane(id="cell")

    @property
    def table(self) -> MatrixTable:
        """The table of cells."""
        return self.query_one(MatrixTable)

    @property
    def cell(self) -> CellSubject | None:
        """The cell under the cursor."""
        row, column = self.table.cursor_row, self.table.cursor_column
        if self.compared is None or row >= len(self.shown):
            return None
        contents = self.compared.subjects[column].contents
        return CellSubject(self.compared.comparison, self.shown[row], column, contents)

    @property
    def current_environment(self) -> Environment | None:
        """The environment of the column under the cursor."""
        compared = self.compared
        return compared.subjects[self.table.cursor_column].environment if compared else None

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place, its own first; the one that led here changes nothing, and has no hint."""
        words = {each.id: ("", each.help) for each in super().actions if each.id == "compare"}
        return sorted(reworded(super().actions, words), key=lambda each: each.places != ("compare",))

    def on_mount(self) -> None:
        """Focus the matrix."""
        self._draw_rule()
        self.focus_body()

    def _draw_rule(self) -> None:
        """Say in the rule what is left out: the status has room for the sums alone, and the cell is of one package."""
        glyphs, left_out = self.session.glyphs, self._left_out
        rule = shapes_for(glyphs).rule
        self.query_one("#rule", Line).draw(
            lambda width: titled_rule(left_out, width, glyphs) if left_out else Text(rule * width, styles.DIM)
        )

    def focus_body(self) -> None:
        """Show and focus the matrix."""
        self.remove_class("-zoom-detail")
        self.table.focus()

    def compare(self, prefixes: Sequence[str], left_out: str = "") -> None:
        """Compare other environments; the first one is the reference. `left_out` says which cannot be compared."""
        self._left_out = left_out
        self._prefixes, self._comparing, self.compared = tuple(prefixes), (), None
        self._reference, self._failure = 0, ""
        self.show_session()
        self.focus_body()
        self._draw_rule()

    def show_session(self) -> None:
        """Compare again if an environment has changed."""
        subjects = self._subjects()
        read = len(subjects) >= 2 and all(each.environment.contents is not None for each in subjects)
        if read and differs(subjects, self._comparing):
            self._comparing, self._failure = subjects, ""
            self._compare(subjects)
        if self.compared is None:
            self._show()
        super().show_session()

    def _subjects(self) -> tuple[CompareSubject, ...]:
        """The requested environments that exist; once loading is complete, only those that could be read."""
        session = self.session
        environments = {each.prefix: each for each in session.everywhere.environments}
        there = (environments[prefix] for prefix in self._prefixes if prefix in environments)
        waiting = not session.everywhere.complete
        return tuple(
            CompareSubject(each, session.everywhere.channel_config(each))
            for each in there
            if waiting or each.contents is not None
        )

    # With a description, Textual does not print the arguments of the worker, which takes long for environments.
    @work(group="compare", exclusive=True, exit_on_error=False, description="compare environments")
    async def _compare(self, subjects: tuple[CompareSubject, ...]) -> None:
        """Compare in a thread; the reference keeps its column if the columns stay."""
        before = self.compared
        if before is None or len(before.subjects) != len(subjects):
            self._reference = 0
        self.compared = await asyncio.to_thread(compare_subjects, subjects, self._reference)
        self._show(fresh=before is None)
        self.draw_bottom()

    @work(group="compare", exclusive=True, exit_on_error=False, description="turn to another reference")
    async def _turn(self, compared: Compared) -> None:
        self.compared = await asyncio.to_thread(compared.with_reference, self._reference)
        self._show()
        self.draw_bottom()

    def tell_failure(self, group: str, error: BaseException) -> None:
        """Say why there is no comparison where it would be."""
        if group != "compare" or self.compared is not None:
            self._reference = self.compared.comparison.reference if self.compared else 0
            super().tell_failure(group, error)
            return
        self._failure = " ".join(str(unexpected(error, "The environments could not be compared.")).split())
        self._show()
        self.draw_bottom()

    def _show(self, *, fresh: bool = False) -> None:
        compared = self.compared or NOTHING
        self.shown = self.comparison_query.of(compared.comparison.rows)
        self.table.show_order(self.comparison_query.by, descending=self.comparison_query.descending)
        model = MatrixModel(compared.comparison, self.shown, compared.measures, glyphs=self.session.glyphs)
        self.table.set_matrix(model, empty=self._why_empty(), fresh=fresh)
        self._show_cell()

    def _why_empty(self) -> Text:
        """Why there are no rows, and which key leads to some."""
        if self.compared is None and self._failure:
            return Text(sanitize(self._failure), styles.ERROR)
        if not self._prefixes:
            why = "Nothing is compared yet: 1 goes to the environments, space marks two or more there, c compares them."
        elif self.compared is None and self.session.everywhere.complete and len(self._subjects()) < 2:
            why = "Fewer than two of them can be read: 1 goes to the environments, c compares others."
        elif self.compared is None:
            why = "Reading and comparing."
        elif self.comparison_query.text:
            why = f"No such package matches `{sanitize(self.comparison_query.text)}`: esc clears the filter."
        elif self.comparison_query.kind == "differing":
            why = "Nothing differs: they are the same, package by package. f goes on to other kinds, F back to all."
        else:
            why = f"There are no rows of this kind: {self.comparison_query.title}. f goes on to the next."
        return Text(why, styles.DIM)

    def _show_cell(self) -> None:
        subject = self.cell
        text = cell_detail(subject, glyphs=self.session.glyphs) if subject else Text()
        self.query_one(LinesPane).set_text(text)

    def status(self) -> Text:
        """The position of the cursor, which rows are shown, and the sums over all rows."""
        if self.compared is None:
            return Text()
        query, separator = self.comparison_query, self.session.glyphs.separator
        at = f"{self.table.cursor_row + 1} of {len(self.shown)} {query.title}"
        parts = [at if self.shown else f"no rows of this kind: {query.title}"]
        if query.text:
            parts.append(f"filter `{sanitize(query.text)}`")
        if query.by != "name":
            parts.append(f"by {query.by}")
        visible, count = self.table.visible_columns, len(self.compared.subjects)
        if len(visible) < count:
            parts.append(f"columns {visible.start + 1} to {visible.stop} of {count}")
        parts.append(summary_words(self.compared.comparison.summary, separator))
        return Text(f" {separator} ".join(parts))

    @on(MatrixTable.CursorMoved)
    @on(MatrixTable.ColumnMoved)
    def _follow_cursor(self, event: MatrixTable.CursorMoved | MatrixTable.ColumnMoved) -> None:
        if isinstance(event, MatrixTable.CursorMoved):
            self.follow(event)
        else:
            self.say("")
        self.follow_later(self._show_cell)

    @on(MatrixTable.Selected)
    def action_switch(self) -> None:
        """Move the focus to the cell's details, or back to the matrix."""
        if self.table.has_focus:
            self._show_cell()
            self.remove_class("-zoom-table")
            details = self.query_one(LinesPane)
            self.set_class(not details.display, "-zoom-detail")
            details.focus()
        else:
            self.focus_body()

    def _apply_query(self, query: ComparisonQuery) -> None:
        self.comparison_query = query
        self._show()
        self.say("")

    def action_next_kind(self) -> None:
        """Show the next kind of rows."""
        self._apply_query(self.comparison_query.next_kind())

    def action_previous_kind(self) -> None:
        """Show the previous kind of rows."""
        self._apply_query(self.comparison_query.next_kind(-1))

    def action_sort(self) -> None:
        """Sort by the next of name, status and size."""
        self._apply_query(self.comparison_query.next_sort())

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._apply_query(self.comparison_query.reversed())

    @property
    def filter_text(self) -> str:
        """The present filter."""
        return self.comparison_query.text

    def apply_filter(self, text: str) -> None:
        """Show the packages that pass a filter."""
        self._apply_query(self.comparison_query.filtered(text))

    def action_turn(self, steps: int) -> None:
        """Make the column so many steps further the reference."""
        if self.compared is None:
            return
        self._reference = (self._reference + steps) % len(self.compared.subjects)
        self._turn(self.compared)
        self.table.go_to_column(self._reference)

    def action_jump(self, steps: int) -> None:
        """Go to the next row in which the column under the cursor differs; in the reference, in which any does."""
        compared, column = self.compared or NOTHING, self.table.cursor_column
        own = column == compared.comparison.reference
        row = self.table.cursor_row + steps
        while 0 <= row < len(self.shown):
            if self.shown[row].status != "same" if own else self.shown[row].signs[column] != "=":
                self.table.go_to_row(row)
                return
            row += steps
        self.say("No difference after this one." if steps > 0 else "No difference before this one.")

    def action_back(self) -> None:
        """Leave the innermost of the help, the cell, the zoom, the filter and the place."""
        if self.help_is_open:
            self.close_help()
        elif not self.table.has_focus:
            self.focus_body()
        elif self.has_class("-zoom-table"):
            self.remove_class("-zoom-table")
        elif self.comparison_query.text:
            self.apply_filter("")
        else:
            super().action_back()

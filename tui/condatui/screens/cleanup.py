"""Place 3: what could go, why, what exactly a choice of it frees, and which of the alike environments stays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction, reworded
from condatui.actions.context import ActionContext, not_choosable
from condatui.actions.registry import ACTION_BY_ID, bindings
from condatui.messages import RequestProposed
from condatui.screens.cleanup_groups import CleanupGroupsScreen
from condatui.services.reference_finder import ReferenceFinder
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.cleanup.choice import choice_line, threshold_words
from condatui.view_models.cleanup.detail import row_text
from condatui.view_models.cleanup.rows import (
    CleanupModel,
    CleanupRow,
    can_be_merged,
    choosable,
    choosable_together,
    cleanup_rows,
    rows_of_group,
)
from condatui.view_models.format import copyable, short_bytes
from condatui.view_models.jobs import result_words
from condatui.widgets.headed_table import HeadedTable
from condatui.widgets.lines_pane import OutputPane
from condatui_core.analyses.cleanup.choice import choice_of, request_of, without_going
from condatui_core.records.environment import Environment, host_of
from condatui_core.records.request import Request

_FIRST = ("list.open", "cleanup.choose")
"""The actions whose hints come first."""


class CleanupScreen(CleanupGroupsScreen):
    """Groups of alike environments, then all else that could go; what is chosen is proposed as one plan."""

    PLACE = "cleanup"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("cleanup")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._model = CleanupModel((), frees={}, together={}, names={})
        self._at_work: tuple[Request, ...] = ()
        """The requests of the jobs that are not over."""
        self._references = ReferenceFinder(self, session, self._show_row)

    def compose_body(self) -> ComposeResult:
        """The rows, and all about the one under the cursor."""
        yield HeadedTable(self.session.glyphs, id="candidates")
        yield OutputPane(id="candidate")

    @property
    def table(self) -> HeadedTable:
        """The table of what could go."""
        return self.query_one(HeadedTable)

    @property
    def current(self) -> CleanupRow | None:
        """The row under the cursor."""
        row = self.table.cursor_row
        return self.rows[row] if row < len(self.rows) else None

    @property
    def current_environment(self) -> Environment | None:
        """The environment under the cursor."""
        prefix = self.current.prefix if self.current else ""
        return next((each for each in self.session.everywhere.environments if each.prefix == prefix), None)

    @property
    def action_context(self) -> ActionContext:
        """What is under the cursor, for the actions."""
        row = self.current
        return ActionContext(
            self.session.inventory,
            self.current_environment,
            candidate=row.candidate if row else None,
            group=row.group if row else None,
            member=row.member if row else None,
        )

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a row shows the plan, or two environments side by side."""
        about = "Plan what is chosen; with nothing chosen, what is under the cursor, or compare it if it differs."
        words = {"list.open": ("compare" if self._opens_comparison else "plan", about)}
        if self._opens_comparison:  # its key need not be named twice
            words["cleanup.compare"] = ("", ACTION_BY_ID["cleanup.compare"].help)
        # In a narrow terminal, only the first hints have room.
        return sorted(reworded(super().actions, words), key=lambda each: each.id not in _FIRST)

    @property
    def _opens_comparison(self) -> bool:
        """Whether opening compares: nothing is chosen, and the row is a keeper or differs from it."""
        row = self.current
        return not self.chosen and row is not None and (row.is_heading or can_be_merged(row))

    def on_mount(self) -> None:
        """Focus the rows."""
        self.focus_body()

    def focus_body(self) -> None:
        """Focus the rows."""
        self.table.focus()

    # What is shown

    def show_session(self) -> None:
        """Show what was found last; a choice of something that is no longer a candidate is dropped."""
        found = self.session.cleanup
        self._at_work = self._requests_at_work()
        if found is not None:
            candidates = without_going(found.candidates, self._at_work, self.session.prefixes_at_work)
            self.rows = cleanup_rows(found.groups, candidates, self.session.groups_across)
        self.chosen &= choosable(self.rows)
        self._show_rows()
        self.add_up()
        super().show_session()
        self.tell_groups()

    def _requests_at_work(self) -> tuple[Request, ...]:
        return tuple(job.plan.request for job in self.session.jobs if not job.over)

    def _show_rows(self) -> None:
        session, found = self.session, self.session.cleanup
        self._model = CleanupModel(
            self.rows,
            frees=found.frees if found else {},
            together=found.together if found else {},
            names=session.full_names,
            chosen=self.chosen,
            glyphs=session.glyphs,
            home=str(session.workbench.locations.home),
            merge_key=session.key("cleanup.merge"),
        )
        self._draw_rows()

    def show_chosen(self) -> None:
        """Show in the rows what is chosen."""
        self._model = self._model.with_chosen(self.chosen)
        self._draw_rows()

    def _draw_rows(self) -> None:
        untouched = not self.touched and self.table.cursor_row == 0
        self.table.set_model(self._model, empty=self._why_empty(), fresh=untouched)
        self._show_row()

    def _show_row(self) -> None:
        row, session = self.current, self.session
        text = Text()
        if row is not None:
            home = str(session.workbench.locations.home)
            references = self._references.of("" if host_of(row.prefix) else row.prefix)
            text = row_text(
                row,
                self._frees(row),
                session.full_names,
                references,
                glyphs=session.glyphs,
                home=home,
                choose_key=session.key("cleanup.choose"),
            )
        if self.why_short:
            text = Text.assemble((f"{session.glyphs.warning} {self.why_short}", styles.WARNING), "\n", text)
        self.query_one(OutputPane).set_text(text)

    def _frees(self, row: CleanupRow) -> int | None:
        """The bytes that a row alone frees, a keeper's row with its whole group."""
        if (found := self.session.cleanup) is None:
            return None
        return found.frees.get(row.candidate.key) if row.candidate else found.together.get(row.key)

    def show_jobs(self) -> None:
        """Drop what a job is removing from the candidates."""
        super().show_jobs()
        if self._at_work != self._requests_at_work():
            self._tell_end()
            self.show_session()

    def _tell_end(self) -> None:
        """Say what came of a job that is over by now, until the next key; a goal was for that job."""
        over = [job for job in self.session.jobs if job.over and job.plan.request in self._at_work]
        if over and over[0].plan.request not in self._requests_at_work():
            self.lasting, self.goal, self.why_short = result_words(over[0]), 0, ""

    def _why_empty(self) -> Text:
        if self.session.cleanup is None:
            return Text("Looking at the environments.", styles.DIM)
        if self.session.disk is None or not self.session.disk.complete:
            return Text("Measuring the disk: package caches are listed once they are measured.", styles.DIM)
        return Text(
            "Nothing to clean up: no alike, half-made or unused environments, and nothing in package caches.",
            styles.DIM,
        )

    # What the bottom line says

    def status(self) -> Text:
        """What has come of something; else what is chosen and what that frees; else where the cursor is."""
        session = self.session
        if self.lasting:
            return Text(self.lasting, styles.STRONG)
        if self.goal and self._at_work and not self.chosen:
            return Text(f"goal {short_bytes(self.goal)} {session.glyphs.separator} a job is at work", styles.DIM)
        if self.chosen or self.goal:
            return Text(choice_line(len(self.chosen), self.total, goal=self.goal, glyphs=session.glyphs))
        parts = [
            f"{self.table.cursor_row + 1 if self.rows else 0} of {len(self.rows)}",
            "nothing is chosen",
            threshold_words(session.cleanup_options.threshold, session.cleanup, session.glyphs),
        ]
        return Text(f" {session.glyphs.separator} ".join(parts), styles.DIM)

    @on(HeadedTable.CursorMoved)
    def _follow_cursor(self, event: HeadedTable.CursorMoved) -> None:
        if not isinstance(event, HeadedTable.Selected):
            self._show_row()
            self.follow(event)

    # The keys

    def action_choose(self) -> None:
        """Choose what is under the cursor, or undo that, and go to the next; a keeper stands for its group."""
        if (row := self.current) is None:
            return
        keys = choosable_together(rows_of_group(self.rows, row.key)) if row.is_heading else choosable((row,))
        self.choose(self.chosen - keys if keys <= self.chosen else self.chosen | keys)
        self.table.action_down()

    @on(HeadedTable.Selected)
    def _open(self) -> None:
        """Plan what is chosen; with nothing chosen, what is under the cursor, or compare that with its keeper."""
        if self.help_is_open:
            self.close_help()
        elif self._opens_comparison:
            self.action_compare()
        elif not self.chosen and (why_not := not_choosable(self.action_context)):
            self.say(why_not)
        else:
            self._propose()

    def _propose(self) -> None:
        """Propose one plan for all that is chosen, or else for what is under the cursor."""
        current = self.current.candidate if self.current else None
        chosen = self.chosen_candidates or tuple(filter(None, [current]))
        request = request_of(choice_of(chosen))
        if request is not None:
            about = tuple(self._model.why_chosen(chosen)) if len(chosen) > 1 else ()
            if self.why_short:
                about = (("goal", self.why_short), *about)
            self.post_message(RequestProposed(request, about))

    def action_switch(self) -> None:
        """Move the focus to the details, or back to the rows."""
        if self.table.has_focus:
            self.query_one(OutputPane).focus()
        else:
            self.focus_body()

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        if row := self.current:
            path = row.candidate.path if row.candidate else row.key
            self.copy(copyable(path), path)

    def action_back(self) -> None:
        """Leave the innermost of the help, the details and the place."""
        if not self.help_is_open and not self.table.has_focus:
            self.focus_body()
        else:
            super().action_back()

"""Place 3: everything that could be removed, and how much a choice of it frees exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction, reworded
from condatui.actions.context import ActionContext, not_choosable
from condatui.actions.registry import bindings
from condatui.messages import RequestProposed
from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.cleanup import CleanupModel, candidate_text, choice_line
from condatui.view_models.format import copyable
from condatui.view_models.status import kept_limit
from condatui.widgets.lines_pane import OutputPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.cleanup.choice import choice_of, parts_of, without_going
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.disk import CacheUse
from condatui_core.records.request import CleanRequest, RemoveRequest, Request
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.disk.link_graph import LinkGraph


class CleanupScreen(PlaceScreen):
    """One row for each cleanup candidate, the strongest reason first; the chosen ones are proposed together."""

    PLACE = "cleanup"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("cleanup")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.shown: tuple[CleanupCandidate, ...] = ()
        """The candidates in their order."""
        self.chosen: frozenset[str] = frozenset()
        """The keys of the chosen candidates."""
        self._frees: dict[str, int] = {}
        """By key, the bytes that removing this candidate alone frees."""
        self._graph: LinkGraph | None = None
        """The link graph that `_frees` was computed from."""
        self._pending_requests: tuple[Request, ...] = ()
        """The requests of the jobs that are not over."""

    def compose_body(self) -> ComposeResult:
        """The candidates, and the one under the cursor."""
        yield VirtualTable(self.session.glyphs, id="candidates")
        yield OutputPane(id="candidate")

    @property
    def table(self) -> VirtualTable:
        """The table of candidates."""
        return self.query_one("#candidates", VirtualTable)

    @property
    def current(self) -> CleanupCandidate | None:
        """The candidate under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def action_context(self) -> ActionContext:
        """The candidate under the cursor, for the actions."""
        return ActionContext(self.session.inventory, candidate=self.current)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a row shows the plan."""
        words = {"list.open": ("plan", "Plan what is chosen, or else what is under the cursor.")}
        return reworded(super().actions, words)

    @property
    def frees(self) -> int:
        """The bytes that the chosen candidates free together; 0 while nothing is measured."""
        survey = self.session.disk
        return survey.frees_with_choice(choice_of(self._chosen)) if survey else 0

    @property
    def _chosen(self) -> list[CleanupCandidate]:
        return [each for each in self.shown if each.key in self.chosen]

    @property
    def _keys(self) -> set[str]:
        return {each.key for each in self.shown}

    def on_mount(self) -> None:
        """Focus the candidates."""
        self.focus_body()

    def focus_body(self) -> None:
        """Focus the candidates."""
        self.table.focus()

    def show_session(self) -> None:
        """Show the present candidates; a choice of something that is no longer a candidate is dropped."""
        session, survey = self.session, self.session.disk
        caches: tuple[CacheUse, ...] = survey.caches if survey else ()
        found = candidates(session.inventory, caches=caches, costs=session.costs)
        self._pending_requests = tuple(job.plan.request for job in session.jobs if not job.over)
        rows = [*(each for each in found if each.kind == "environment"), *(each for each in found if each.part)]
        self.shown = without_going(rows, self._pending_requests)
        self.chosen &= {each.key for each in self.shown if not each.blocked}
        if survey and survey.graph and (survey.graph is not self._graph or self._frees.keys() != self._keys):
            self._graph = survey.graph
            self._frees = {each.key: survey.frees_with_choice(choice_of([each])) for each in self.shown}
        self._show_rows()
        super().show_session()

    def _show_rows(self) -> None:
        model = CleanupModel(
            self.shown,
            frees=self._frees,
            chosen=self.chosen,
            glyphs=self.session.glyphs,
            home=str(self.session.workbench.locations.home),
        )
        self.table.set_model(model, empty=self._why_empty())
        self._show_candidate()

    def _show_candidate(self) -> None:
        current = self.current
        frees = self._frees.get(current.key) if current else None
        text = candidate_text(current, frees, glyphs=self.session.glyphs) if current else Text()
        self.query_one("#candidate", OutputPane).set_text(text)

    def show_jobs(self) -> None:
        """Drop what a job is removing from the candidates."""
        super().show_jobs()
        if self._pending_requests != tuple(job.plan.request for job in self.session.jobs if not job.over):
            self.show_session()

    def _why_empty(self) -> Text:
        if not self.session.inventory.complete:
            return Text("Looking at the environments.", styles.DIM)
        if self.session.disk is None or not self.session.disk.complete:
            return Text("Measuring the disk: package caches are listed once they are measured.", styles.DIM)
        return Text(
            "Nothing to clean up: no half-made or unused environments, and nothing in package caches.", styles.DIM
        )

    def status(self) -> Text:
        """What is chosen and how much that frees; if nothing is chosen, where the cursor is."""
        session = self.session
        if chosen := self._chosen:
            return choice_line(chosen, self.frees, glyphs=session.glyphs)
        parts = [f"{self.table.cursor_row + 1 if self.shown else 0} of {len(self.shown)}", "nothing is chosen"]
        if session.disk and session.disk.complete and not session.disk.anew:
            parts.append(kept_limit(session.key("reload_all")))
        return Text(f" {session.glyphs.separator} ".join(parts), styles.DIM)

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
            self._show_candidate()
            self.say("")

    def action_choose(self) -> None:
        """Choose the candidate under the cursor, or undo that, and go to the next."""
        if self.current is not None:
            self._choose(self.chosen ^ {self.current.key})
            self.table.action_down()

    def action_choose_all(self) -> None:
        """Choose all that can be chosen; if all are chosen, none."""
        every = frozenset(each.key for each in self.shown if not each.blocked)
        self._choose(frozenset() if every <= self.chosen else every)

    def _choose(self, keys: frozenset[str]) -> None:
        self.chosen = keys
        self._show_rows()
        self.say("")

    @on(VirtualTable.Selected)
    def _propose(self) -> None:
        """Show the plan for the chosen candidates, or else for the one under the cursor; of several plans the first."""
        if self.help_is_open:
            self.close_help()
            return
        chosen = self._chosen
        if not chosen and (why_not := not_choosable(self.action_context)):
            self.say(why_not)
        elif chosen or self.current:
            every = parts_of(choice_of(chosen or filter(None, [self.current])))
            first, *others = (each for each in every if isinstance(each, (RemoveRequest, CleanRequest)))
            if isinstance(first, CleanRequest) and any(
                isinstance(each, RemoveRequest) for each in self._pending_requests
            ):
                self.say("Environments are being removed: the caches are planned after that.")
            else:
                self.post_message(RequestProposed(first, then="the caches" if others else ""))

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        if self.current is not None:
            self.app.copy_to_clipboard(copyable(self.current.path))
            self.say(f"Copied {sanitize(self.current.path)}")

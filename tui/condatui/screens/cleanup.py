"""Place 3: everything that could go, and what exactly a choice of it frees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext, not_choosable
from condatui.actions.registry import bindings
from condatui.messages import RequestProposed
from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.cleanup import CleanupModel, candidate_text, choice_line
from condatui.view_models.format import copyable
from condatui.view_models.jobs import is_over
from condatui.view_models.status import KEPT_LIMIT
from condatui.widgets.lines_pane import OutputPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.analyses.cleanup import CleanupCandidate, candidates, choice_of, requests_of, without_going
from condatui_core.records.disk import CacheUse
from condatui_core.records.request import CleanRequest, RemoveRequest, Request
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.disk.link_graph import LinkGraph


class CleanupScreen(PlaceScreen):
    """A row for each thing that could go, strongest reason first; the chosen ones are proposed together."""

    PLACE = "cleanup"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("cleanup")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.shown: tuple[CleanupCandidate, ...] = ()
        """What could go, in its order."""
        self.chosen: frozenset[str] = frozenset()
        """Keys."""
        self._frees: dict[str, int] = {}
        """What each of them frees if it alone goes, by key."""
        self._graph: LinkGraph | None = None
        """What that was worked out from."""
        self._at_work: tuple[Request, ...] = ()
        """What jobs that are not over were asked for."""

    def compose_body(self) -> ComposeResult:
        """What could go, and what is under the cursor."""
        yield VirtualTable(self.session.signs, id="candidates")
        yield OutputPane(id="candidate")

    @property
    def table(self) -> VirtualTable:
        """What could go."""
        return self.query_one("#candidates", VirtualTable)

    @property
    def current(self) -> CleanupCandidate | None:
        """What is under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def action_context(self) -> ActionContext:
        """How things stand here."""
        return ActionContext(self.session.inventory, candidate=self.current)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """What can be done here: opening shows the plan."""
        for action in super().actions:
            if action.id == "list.open":
                yield replace(action, hint="plan", help="Plan what is chosen, or else what is under the cursor.")
            else:
                yield action

    @property
    def frees(self) -> int:
        """What exactly the chosen ones free together; bytes, 0 while nothing is measured."""
        survey = self.session.disk
        return survey.frees_with_choice(choice_of(self._chosen)) if survey else 0

    @property
    def _chosen(self) -> list[CleanupCandidate]:
        return [each for each in self.shown if each.key in self.chosen]

    @property
    def _keys(self) -> set[str]:
        return {each.key for each in self.shown}

    def on_mount(self) -> None:
        """The keys go to the rows."""
        self.focus_body()

    def focus_body(self) -> None:
        """The keys go to the rows."""
        self.table.focus()

    def show_session(self) -> None:
        """Show what could go now; what is no candidate any more is not chosen any more either."""
        session, survey = self.session, self.session.disk
        caches: tuple[CacheUse, ...] = survey.caches if survey else ()
        could_go = candidates(session.inventory.environments, caches, session.costs)
        self._at_work = tuple(job.plan.request for job in session.jobs if not is_over(job))
        self.shown = without_going(could_go, self._at_work)
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
            signs=self.session.signs,
            home=str(self.session.workbench.locations.home),
        )
        self.table.set_model(model, empty=self._why_empty())
        self._show_candidate()

    def _show_candidate(self) -> None:
        current = self.current
        frees = self._frees.get(current.key) if current else None
        text = candidate_text(current, frees, signs=self.session.signs) if current else Text()
        self.query_one("#candidate", OutputPane).set_text(text)

    def show_jobs(self) -> None:
        """What a job is taking away cannot be chosen any more."""
        super().show_jobs()
        if self._at_work != tuple(job.plan.request for job in self.session.jobs if not is_over(job)):
            self.show_session()

    def _why_empty(self) -> Text:
        if not self.session.inventory.complete:
            return Text("Looking at the environments.", styles.DIM)
        if self.session.disk is None or not self.session.disk.complete:
            return Text("Measuring the disk: package caches are listed once they are measured.", styles.DIM)
        return Text(
            "Nothing has to go: no half-made or unused environments, and nothing in package caches.", styles.DIM
        )

    def status(self) -> Text:
        """What is chosen and what that frees, or how to choose."""
        session = self.session
        if chosen := self._chosen:
            return choice_line(chosen, self.frees, signs=session.signs)
        parts = [f"{self.table.cursor_row + 1 if self.shown else 0} of {len(self.shown)}", "nothing is chosen"]
        if session.disk and session.disk.complete and not session.disk.anew:
            parts.append(KEPT_LIMIT)
        return Text(f" {session.signs.separator} ".join(parts), styles.DIM)

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
            self._show_candidate()
            self.say("")

    def action_choose(self) -> None:
        """Choose what is under the cursor or not, and go to the next."""
        if self.current is not None:
            self._choose(self.chosen ^ {self.current.key})
            self.table.action_down()

    def action_choose_all(self) -> None:
        """Choose all that can be chosen; none if all are."""
        every = frozenset(each.key for each in self.shown if not each.blocked)
        self._choose(frozenset() if every <= self.chosen else every)

    def _choose(self, keys: frozenset[str]) -> None:
        self.chosen = keys
        self._show_rows()
        self.say("")

    @on(VirtualTable.Selected)
    def _propose(self) -> None:
        """Show the plan of what is chosen, or else of what is under the cursor; of several plans the first."""
        if self.help_is_open:
            self.close_help()
            return
        chosen = self._chosen
        if not chosen and (why_not := not_choosable(self.action_context)):
            self.say(why_not)
        elif chosen or self.current:
            first, *others = requests_of(choice_of(chosen or filter(None, [self.current])))
            if isinstance(first, CleanRequest) and any(isinstance(each, RemoveRequest) for each in self._at_work):
                self.say("Environments are being removed: the caches are planned after that.")
            else:
                self.post_message(RequestProposed(first, then="the caches" if others else ""))

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        if self.current is not None:
            self.app.copy_to_clipboard(copyable(self.current.path))
            self.say(f"Copied {sanitize(self.current.path)}")

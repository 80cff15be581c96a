"""Place 3: everything that could go, and what exactly a choice of it frees."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions import bindings
from condatui.messages import RequestProposed
from condatui.screens.place import PlaceScreen
from condatui.screens.session import Session
from condatui.standing import Standing, not_choosable
from condatui.view_models import tones
from condatui.view_models.cleanup import CleanupModel, choice_line
from condatui.view_models.freed import KEPT_LIMIT
from condatui.widgets.copying import copyable
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.analyses.cleanup import candidates, choice_of, requests_of
from condatui_core.printable import printable
from condatui_core.records.cleanup import Candidate
from condatui_core.records.disk import CacheUse

if TYPE_CHECKING:
    from condatui_core.disk.link_graph import LinkGraph


class CleanupScreen(PlaceScreen):
    """A row for each thing that could go, strongest reason first; the chosen ones are proposed together."""

    PLACE = "cleanup"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("cleanup")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.shown: tuple[Candidate, ...] = ()
        """What could go, in its order."""
        self.chosen: frozenset[str] = frozenset()
        """Keys."""
        self._frees: dict[str, int] = {}
        """What each of them frees if it alone goes, by key."""
        self._graph: LinkGraph | None = None
        """What that was worked out from."""

    def compose_body(self) -> ComposeResult:
        """What could go."""
        yield VirtualTable(self.session.signs, id="candidates")

    @property
    def table(self) -> VirtualTable:
        """What could go."""
        return self.query_one("#candidates", VirtualTable)

    @property
    def current(self) -> Candidate | None:
        """What is under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def standing(self) -> Standing:
        """How things stand here."""
        return Standing(self.session.inventory, candidate=self.current)

    @property
    def frees(self) -> int:
        """What exactly the chosen ones free together; bytes, 0 while nothing is measured."""
        survey = self.session.disk
        return survey.frees_with_choice(choice_of(self._chosen)) if survey else 0

    @property
    def _chosen(self) -> list[Candidate]:
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
        self.shown = candidates(session.inventory.environments, caches, session.costs)
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

    def _why_empty(self) -> Text:
        if not self.session.inventory.complete:
            return Text("Looking at the environments.", tones.DIM)
        if self.session.disk is None or not self.session.disk.complete:
            return Text("Measuring the disk: package caches are listed once they are measured.", tones.DIM)
        return Text("Nothing has to go: no half-made or unused environments, and nothing in package caches.", tones.DIM)

    def status(self) -> Text:
        """What is chosen and what that frees, or how to choose."""
        session = self.session
        if chosen := self._chosen:
            return choice_line(chosen, self.frees, signs=session.signs)
        parts = [f"{self.table.cursor_row + 1 if self.shown else 0} of {len(self.shown)}", "nothing is chosen"]
        if session.disk and session.disk.complete and not session.disk.anew:
            parts.append(KEPT_LIMIT)
        return Text(f" {session.signs.separator} ".join(parts), tones.DIM)

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
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
        if not chosen and (why_not := not_choosable(self.standing)):
            self.say(why_not)
        elif chosen or self.current:
            first, *others = requests_of(choice_of(chosen or filter(None, [self.current])))
            self.post_message(RequestProposed(first))
            if others:
                self.say("The environments first: what is left of the choice is for enter to propose after that.")

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        if self.current is not None:
            self.app.copy_to_clipboard(copyable(self.current.path))
            self.say(f"Copied {printable(self.current.path)}")

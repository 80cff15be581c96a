"""Place 5: the restore points that bring environments back to how they were."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import ScreenResume

from condatui.actions.action import KeyAction, reworded
from condatui.actions.context import ActionContext
from condatui.actions.registry import bindings
from condatui.messages import RequestProposed
from condatui.panels.base import BottomPanel
from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.restore_points import RestorePointsModel, restore_point_text
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.request import ForgetRequest, RestoreRequest, SeveralRequest
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.text import counted, format_bytes, sanitize


class RestoreScreen(PlaceScreen):
    """One row for each restore point, the newest first; below them, details of the one under the cursor."""

    PLACE = "restore"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("restore")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._points: tuple[RestorePointSummary, ...] = ()
        self._marked: frozenset[str] = frozenset()
        """The ids of the marked restore points."""
        self._looked = False
        self._failure = ""
        """Why the restore points could not be read."""
        self._over = 0
        """How many jobs were over at the last look: a job that ends may have made or used a restore point."""

    def compose_body(self) -> ComposeResult:
        """The restore points, and the one under the cursor."""
        yield VirtualTable(self.session.glyphs, id="points")
        yield LinesPane(id="point", only_to_scroll=True)

    @property
    def table(self) -> VirtualTable:
        """The table of restore points."""
        return self.query_one("#points", VirtualTable)

    @property
    def current_point(self) -> RestorePointSummary | None:
        """The restore point under the cursor."""
        row = self.table.cursor_row
        return self._points[row] if row < len(self._points) else None

    @property
    def _chosen(self) -> tuple[str, ...]:
        marked = tuple(point.id for point in self._points if point.id in self._marked)
        return marked or ((self.current_point.id,) if self.current_point else ())

    @property
    def action_context(self) -> ActionContext:
        """The marked restore points, or else the one under the cursor, for the actions."""
        return ActionContext(self.session.inventory, restore_points=self._chosen)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a row proposes to restore."""
        return reworded(
            super().actions,
            {
                "list.open": (
                    "restore",
                    "Bring back the marked environments, or else the one under the cursor, as they were.",
                )
            },
        )

    def on_mount(self) -> None:
        """Focus the restore points."""
        self._show()
        self.focus_body()

    @on(ScreenResume)
    def _resume(self) -> None:
        self._read_points()

    def focus_body(self) -> None:
        """Focus the restore points."""
        self.table.focus()

    def show_jobs(self) -> None:
        """Look again when a job has ended."""
        super().show_jobs()
        over = sum(1 for job in self.session.jobs if job.over)
        if over != self._over:
            self._over = over
            self._read_points()

    @work(group="restore points", exclusive=True, exit_on_error=False, description="look for restore points")
    async def _read_points(self) -> None:
        """Read the restore points, and what each of them still has to download."""
        try:
            points = await self.session.workbench.restore_points()
        except CondatuiError as error:
            self._fail(error.title)
        else:
            self._points = tuple(sorted(points, key=lambda point: point.at, reverse=True))
            self._looked, self._failure = True, ""
        self._show()

    def tell_failure(self, group: str, error: BaseException) -> None:
        """Say in the place itself why the look came to nothing."""
        if group != "restore points":
            super().tell_failure(group, error)
            return
        words = unexpected(error, "The restore points cannot be read.")
        self._fail(" ".join(f"{words.detail}\n{words.hint}".splitlines()))
        self._show()

    def _fail(self, why: str) -> None:
        self._looked, self._failure = True, why

    def _show(self) -> None:
        self._marked &= {point.id for point in self._points}
        session = self.session
        model = RestorePointsModel(
            self._points,
            now=session.clock(),
            marked=self._marked,
            glyphs=session.glyphs,
            home=str(session.workbench.locations.home),
        )
        self.table.set_model(model, empty=self._why_empty())
        self._show_point()
        self.draw_bottom()

    def _why_empty(self) -> Text:
        if self._failure:
            return Text(f"The restore points cannot be read: {sanitize(self._failure)}", styles.ERROR)
        if not self._looked:
            return Text("Looking for restore points.", styles.DIM)
        return Text(
            "There are no restore points: each removal and each update makes one. 1 goes to the environments.",
            styles.DIM,
        )

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        self.follow(event)
        self._show_point()

    def _show_point(self) -> None:
        point, session = self.current_point, self.session
        text = restore_point_text(point, session.clock(), glyphs=session.glyphs) if point else Text()
        self.query_one(LinesPane).set_text(text)

    def status(self) -> Text:
        """How many restore points there are, or are marked, and how many bytes they take."""
        points = [point for point in self._points if point.id in self._marked]
        count = len(self._points)
        words = f"{len(points)} marked" if points else counted(count, "restore point")
        total = sum(point.bytes for point in points or self._points)
        return Text(f"{words} {self.session.glyphs.separator} {format_bytes(total)}", styles.DIM)

    @on(VirtualTable.Selected)
    def _restore(self) -> None:
        """Propose to restore the marked ones, or else the one under the cursor."""
        parts = tuple(RestoreRequest(id=each) for each in self._chosen)
        if parts:
            self.post_message(RequestProposed(parts[0] if len(parts) == 1 else SeveralRequest(parts=parts)))

    def action_mark(self) -> None:
        """Mark or unmark the one under the cursor, and go to the next."""
        if point := self.current_point:
            self._marked ^= {point.id}
            self._show()
            self.table.action_down()
            self.say("")  # so that what is marked is said

    def action_mark_all(self) -> None:
        """Mark all; if all are marked, unmark them."""
        every = frozenset(point.id for point in self._points)
        self._marked = frozenset() if every <= self._marked else every
        self._show()
        self.say("")

    @on(BottomPanel.PanelClosed)
    def _unmark(self, event: BottomPanel.PanelClosed) -> None:
        """Forget the marks once a job has begun with them: they would be those of the next one too."""
        if event.notice:
            self._marked = frozenset()
            self._show()

    def action_delete(self) -> None:
        """Propose to delete the marked ones, or else the one under the cursor."""
        self.post_message(RequestProposed(ForgetRequest(ids=self._chosen)))

    def action_back(self) -> None:
        """Leave the innermost of the help, the details and the place."""
        if not self.help_is_open and not self.table.has_focus:
            self.focus_body()
        else:
            super().action_back()

    def action_copy(self) -> None:
        """Copy the id of the one under the cursor, by which `condatui restore` knows it."""
        if point := self.current_point:
            self.copy(point.id)

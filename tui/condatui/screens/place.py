"""What every place has: the top line, the problems of the machine, the status line and the hints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import DescendantFocus, Resize, ScreenSuspend
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from condatui.actions.action import KeyAction, Place
from condatui.actions.context import ActionContext
from condatui.actions.registry import actions_in
from condatui.messages import JobsSeen
from condatui.panels.base import BottomPanel
from condatui.panels.help_panel import HelpPanel, help_text, hint_line
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.format import shorten_text
from condatui.view_models.status import problem_lines
from condatui.view_models.top_line import place_labels, top_line
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import TextOpened
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding

HOME: Place = "environments"
"""The place in which everything begins, and to which leaving the others leads."""


def drop_former_size(event: Resize, size: Size) -> None:
    """Keep Textual from laying a screen out for a size that is not the terminal's present one.

    Textual's screens post the size of each layout to themselves. Where two sizes wait together, each layout of one
    calls for a layout of the other, for ever: the screen stays in this loop, and answers no key or signal any more.
    """
    if event.size != size:
        event.stop()
        event.prevent_default()


class _Body(Container):
    """The contents of a place cover the whole body, so the body itself draws nothing."""

    BLANK = True


class PlaceScreen(Screen[None]):
    """A place: the top line, problems of the machine, a body, the status line, and hints."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (132, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (14, "-tall")]  # noqa: RUF012
    COMPONENT_CLASSES: ClassVar[set[str]] = {"hint--key"}

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The focused widget. It redraws itself, so the screen need not redraw as Textual's own attribute makes it."""

    PLACE: ClassVar[Place]
    LANGUAGES: ClassVar[Mapping[str, Sequence[tuple[str, str]]]] = {}
    """For the help, the syntax of what the user can type here: by title, (example, meaning) pairs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._notice = ""
        self._problems = Text()
        self._panel: BottomPanel | None = None
        self._help: HelpPanel | None = None
        """The help; made when the user first opens it."""

    def compose(self) -> ComposeResult:
        """The lines around the body; each place fills the body."""
        self._set_breakpoint_classes()
        yield Line(id="top")
        yield Static(id="problems")
        with _Body(id="body"):
            yield from self.compose_body()
        yield from self.compose_status()
        yield Line(id="hints")

    def _set_breakpoint_classes(self) -> None:
        """Set the classes of the breakpoints before the first drawing, which Textual does only after it."""
        width, height = self.app.size
        for size, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            names = [name for least, name in breakpoints or () if least <= size]
            self.add_class(*names[-1:], update=False)  # there are no widgets yet to update

    def compose_body(self) -> ComposeResult:
        """The contents of the place."""
        yield from ()

    def compose_status(self) -> ComposeResult:
        """The line above the hints."""
        yield Line(id="status")

    def on_mount(self) -> None:
        """Show the session, and subscribe to its changes."""
        self.session.changed.subscribe(self, partial(self._show_change, self.show_session))
        self.session.jobs_changed.subscribe(self, partial(self._show_change, self.show_jobs))
        self.show_session()

    def _show_change(self, show: Callable[[], None], _session: Session) -> None:
        """Show a change; Textual would keep silent about an error in it."""
        try:
            show()
        except Exception as error:  # noqa: BLE001 - the named boundary of what the session tells the places
            with self._context():
                self.app._handle_exception(error)

    @on(Worker.StateChanged)
    def _take_failure(self, event: Worker.StateChanged) -> None:
        """The boundary at which whatever went wrong in a worker of the place becomes words: the app hears of none."""
        error = event.worker.error if event.state is WorkerState.ERROR else None
        if error is not None:
            self.tell_failure(event.worker.group, error)

    def tell_failure(self, group: str, error: BaseException) -> None:
        """Say what failed in a worker of this group."""
        self.session.fail(unexpected(error, f"What runs beside this place has failed: {group}."))

    @property
    def current_environment(self) -> Environment | None:
        """The environment under the cursor, where there are environments."""
        return None

    @property
    def action_context(self) -> ActionContext:
        """What the actions depend on in this place."""
        return ActionContext(self.session.everywhere, self.current_environment, self.session.marked)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place."""
        return actions_in(self.PLACE, "list", "everywhere")

    @property
    def numbered_place(self) -> str:
        """The place among those that have a number, for the top line."""
        return self.PLACE

    @property
    def help_is_open(self) -> bool:
        """Whether the help covers the lower part of the place."""
        return self._help is not None and bool(self._help.display)

    def show_session(self) -> None:
        """Show the new state of the session."""
        session = self.session
        self.query_one("#top", Line).draw(self._top)
        problems = problem_lines(self._told(), session.failure, session.glyphs, words=session.words)
        if problems != self._problems:
            self._problems = problems
            self.query_one("#problems", Static).update(problems)
        self.query_one("#problems").display = bool(problems)
        self.draw_bottom()

    def _told(self) -> tuple[Finding, ...]:
        """What stands below the top line."""
        return (*self.session.unseen, *self.session.everywhere.problems)

    def show_jobs(self) -> None:
        """Show the progress of the jobs."""
        self.query_one("#top", Line).draw(self._top)

    def _top(self, width: int) -> Text:
        session = self.session
        places = place_labels(
            session.key,
            self.numbered_place,
            environments=len(session.inventory.environments),
            cleanup=session.cleanup,
            jobs=session.jobs_at_work,
            unseen=len(session.unseen),
            restore_points=session.restore_points,
            glyphs=session.glyphs,
        )
        return top_line(
            session.inventory,
            host=session.host,
            width=width,
            places=places,
            glyphs=session.glyphs,
            disk=session.disk,
            gpus=session.gpus.machine,
            read_only=session.workbench.read_only,
            others=session.others,
        )

    def draw_bottom(self) -> None:
        """Draw the present status and hints."""
        self.query_one("#status", Line).draw(self._status)
        self.query_one("#hints", Line).draw(self._hints)

    def _hints(self, width: int) -> Text:
        if self.panel is None and not self.help_is_open:
            return self.hints(width)
        hints = self.panel.hints() if self.panel else self._help.hints() if self._help else Text()
        return shorten_text(hints, width, self.session.glyphs.ellipsis, cut="end")

    @property
    def panel(self) -> BottomPanel | None:
        """The panel that covers the lower part of the place and takes its keys, if one is open."""
        return self._panel

    async def open_panel(self, panel: BottomPanel) -> None:
        """Open a panel at the bottom; an open panel, the help and the notice go."""
        await self.close_panel()
        self._notice = ""
        self._hide_help()
        await self.mount(panel)
        self._panel = panel  # after mounting: before that, the panel has no hints
        panel.take_keys()
        self.draw_bottom()

    async def _on_resize(self, event: Resize) -> None:
        drop_former_size(event, self.app.size)
        if self._panel is not None:
            self._panel.fit()

    async def close_panel(self, notice: str = "") -> None:
        """Close the panel, focus the body, and show a notice."""
        if (panel := self._panel) is None:
            return
        self._panel = None
        self.focus_body()
        await panel.remove()
        self.say(notice)

    @on(BottomPanel.PanelClosed)
    async def _close_panel(self, event: BottomPanel.PanelClosed) -> None:
        await self.close_panel(event.notice)

    @on(BottomPanel.HintsChanged)
    def _draw_hints(self) -> None:
        self.draw_bottom()

    @on(ScreenSuspend)
    def _forget_notice(self) -> None:
        """Clear the notice, so that a user who comes back sees the present status."""
        self._notice = ""

    @on(DescendantFocus)
    def _keep_keys_in_panel(self, event: DescendantFocus) -> None:
        """Give the focus back to an open panel, or to the help, when a click or a tab moves it elsewhere."""
        inside = event.widget.ancestors_with_self
        if self._panel is not None and self._panel not in inside:
            self._panel.take_keys()
        elif self._panel is None and self._help is not None and self.help_is_open and self._help not in inside:
            self._help.take_keys()

    @on(TextOpened)
    def _open_from_text(self) -> None:
        """Do in the details what the bottom line says of enter, which is about the row that they describe."""
        for table in self.query(VirtualTable).results():
            table.action_open()
            break

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn off the keys of the place while a panel is open."""
        return self._panel is None and super().check_action(action, parameters)

    def hints(self, width: int) -> Text:
        """The line of keys at the bottom."""
        style = self.get_component_rich_style("hint--key", partial=True)
        return hint_line(tuple(self.actions), self.session.keymap, self.action_context, style, width)

    def status(self) -> Text:
        """The status line when there is no notice."""
        return Text()

    def say(self, notice: str) -> None:
        """Show in the status line what a key has done, until something else happens."""
        self._notice = notice
        self.draw_bottom()

    def follow(self, event: VirtualTable.CursorMoved) -> None:
        """Show where the cursor is, and put the notice away once the user has moved it.

        What a job has done stays there to be read, though its end makes rows come and go.
        """
        if event.by_user:
            self.say("")
        else:
            self.draw_bottom()

    def refuses_changes(self) -> bool:
        """Say why nothing can be changed, while that is so: what would ask for a change does not ask."""
        try:
            self.session.workbench.check_writable()
        except CondatuiError as error:
            self.say(f"{error.title} {self.session.words(error.advice)}")
            return True
        return False

    def copy(self, text: str, what: str = "") -> None:
        """Copy a text, and say where it has gone; `what` names it, unless the text itself does."""
        self.session.clipboard.copy(text, what, self._say_copied)

    def _say_copied(self, notice: str) -> None:
        if self.is_current:  # the user may have gone elsewhere meanwhile
            self.say(notice)

    def _status(self, width: int) -> Text:
        text = Text(self._notice, styles.STRONG) if self._notice else self.status()
        return shorten_text(text, width, self.session.glyphs.ellipsis, cut="end")

    async def action_help(self) -> None:
        """Open or close the help."""
        if self.help_is_open:
            self.close_help()
            return
        if self._help is None:
            self._help = HelpPanel(id="help")
            await self.mount(self._help, after="#body")
        self._help.unfold(self._help_text)
        self.draw_bottom()

    @property
    def explained(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What the help explains besides keys: by title, (sign or word, meaning) pairs."""
        from condatui.view_models.legend import legend  # noqa: PLC0415 - imported at the first use

        return {**self.LANGUAGES, **legend(self.PLACE, self.session.glyphs)}

    def _help_text(self, only: str) -> Text:
        width = self.size.width - 4
        return help_text(self.actions, self.session.keymap, self.action_context, self.explained, width, only=only)

    @on(HelpPanel.HelpClosed)
    def _close_help(self) -> None:
        self.close_help()

    def close_help(self) -> None:
        """Close the help, and focus the body."""
        self._hide_help()
        self.focus_body()
        self.draw_bottom()

    def _hide_help(self) -> None:
        if self._help is not None:
            self._help.display = False

    def focus_body(self) -> None:
        """Focus the widget that takes the keys when no panel is open."""

    def action_back(self) -> None:
        """Leave the help, or else put away the notice of what was interrupted, or else go to the environments."""
        if self.help_is_open:
            self.close_help()
        elif self.session.unseen:
            self.post_message(JobsSeen())
        elif self.PLACE != HOME:
            self.app.switch_mode(HOME)

"""What every place has: the line that says how the machine stands, and the lines that say what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import DescendantFocus, ScreenSuspend
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from condatui.actions.action import KeyAction, Place
from condatui.actions.context import ActionContext
from condatui.actions.registry import actions_in
from condatui.panels.base import BottomPanel
from condatui.panels.help_panel import hint_line
from condatui.session import Session
from condatui.view_models.format import shorten_text
from condatui.view_models.status import problem_lines, top_line, with_jobs
from condatui.widgets.line import Line
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from condatui.panels.help_panel import HelpPanel


class _Body(Container):
    """What the place is there for covers all of it: there is nothing to draw below."""

    BLANK = True


class PlaceScreen(Screen[None]):
    """A place: the top line, problems of the machine, a body, the status line, and hints."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (132, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (14, "-tall")]  # noqa: RUF012
    COMPONENT_CLASSES: ClassVar[set[str]] = {"hint--key"}

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """What takes the keys. It is drawn by itself: no need to draw the whole screen, as Textual would."""

    PLACE: ClassVar[Place]
    LANGUAGES: ClassVar[Mapping[str, Sequence[tuple[str, str]]]] = {}
    """Small languages that are typed here, for the help: (example, meaning) pairs by title."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._notice = ""
        self._problems = Text()
        self._panel: BottomPanel | None = None
        self._help: HelpPanel | None = None
        """Made when it is first asked for."""

    def compose(self) -> ComposeResult:
        """The frame; a place fills the body."""
        self._take_shape()
        yield Line(id="top")
        yield Static(id="problems")
        with _Body(id="body"):
            yield from self.compose_body()
        yield from self.compose_status()
        yield Line(id="hints")

    def _take_shape(self) -> None:
        """Be narrow or wide from the start: Textual would draw once and only then look at the size."""
        width, height = self.app.size
        for size, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            names = [name for least, name in breakpoints or () if least <= size]
            self.add_class(*names[-1:], update=False)  # nothing is in it yet that could look otherwise for them

    def compose_body(self) -> ComposeResult:
        """What the place is there for."""
        yield from ()

    def compose_status(self) -> ComposeResult:
        """The line above the hints."""
        yield Line(id="status")

    def on_mount(self) -> None:
        """Show what is known, and hear of all that is new."""
        self.session.changed.subscribe(self, lambda _session: self.show_session())
        self.session.jobs_changed.subscribe(self, lambda _session: self.show_jobs())
        self.show_session()

    @property
    def current_environment(self) -> Environment | None:
        """The environment under the cursor, where there are environments."""
        return None

    @property
    def action_context(self) -> ActionContext:
        """How things stand here, for the actions."""
        return ActionContext(self.session.inventory, self.current_environment, self.session.marked)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """What can be done here."""
        return actions_in(self.PLACE, "list", "everywhere")

    @property
    def help_is_open(self) -> bool:
        """Whether the help covers the lower part of the place."""
        return self._help is not None and bool(self._help.display)

    def show_session(self) -> None:
        """Show what is new."""
        session = self.session
        self.query_one("#top", Line).draw(self._top)
        told = (*session.interrupted, *session.inventory.problems)
        problems = problem_lines(told, session.failure, session.signs, words=session.words)
        if problems != self._problems:
            self._problems = problems
            self.query_one("#problems", Static).update(problems)
        self.query_one("#problems").display = bool(problems)
        self.draw_bottom()

    def show_jobs(self) -> None:
        """Show how far the jobs have come."""
        self.query_one("#top", Line).draw(self._top)

    def _top(self, width: int) -> Text:
        session = self.session
        jobs = session.jobs_at_work
        room = width - len(f"jobs {jobs}") - 3 if jobs else width
        line = top_line(
            session.inventory,
            host=session.host,
            width=room,
            signs=session.signs,
            disk=session.disk,
            gpus=session.gpus.machine,
        )
        return with_jobs(line, jobs, width, signs=session.signs)

    def draw_bottom(self) -> None:
        """Draw the status and the hints as they are now."""
        self.query_one("#status", Line).draw(self._status)
        self.query_one("#hints", Line).draw(self._hints)

    def _hints(self, width: int) -> Text:
        if (panel := self.panel) is None:
            return self.hints(width)
        return shorten_text(panel.hints(), width, self.session.signs.ellipsis, cut="end")

    @property
    def panel(self) -> BottomPanel | None:
        """What lies over the lower part of the place and takes its keys; None if nothing does."""
        return self._panel

    async def open_panel(self, panel: BottomPanel) -> None:
        """Open something at the bottom, in the stead of what may be open there; what was said before is over."""
        await self.close_panel()
        self._notice = ""
        self._hide_help()
        await self.mount(panel)
        self._panel = panel  # only now: until it is there, nobody may ask it for its hints
        panel.take_keys()
        self.draw_bottom()

    def on_resize(self) -> None:
        """Another terminal has other room."""
        if self._panel is not None:
            self._panel.fit()

    async def close_panel(self, notice: str = "") -> None:
        """Close what is open at the bottom and give the keys back to the body."""
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
        """Who comes back later wants to know how things stand then."""
        self._notice = ""

    @on(DescendantFocus)
    def _keep_keys_in_panel(self, event: DescendantFocus) -> None:
        """A click beside the panel does not leave it: what it asks has to be answered."""
        if self._panel is not None and self._panel not in event.widget.ancestors_with_self:
            self._panel.take_keys()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is open at the bottom, the keys of the place do nothing."""
        return self._panel is None and super().check_action(action, parameters)

    def hints(self, width: int) -> Text:
        """What the bottom line says can be done."""
        style = self.get_component_rich_style("hint--key", partial=True)
        return hint_line(tuple(self.actions), self.session.keymap, self.action_context, style, width)

    def status(self) -> Text:
        """What the status line says when nothing has just happened."""
        return Text()

    def say(self, notice: str) -> None:
        """Tell in the status line what came of a key, until something else happens."""
        self._notice = notice
        self.draw_bottom()

    def _status(self, width: int) -> Text:
        text = Text(self._notice, "bold") if self._notice else self.status()
        return shorten_text(text, width, self.session.signs.ellipsis, cut="end")

    async def action_help(self) -> None:
        """Open or close the help."""
        if self.help_is_open:
            self.close_help()
            return
        from condatui.panels.help_panel import HelpPanel, help_text  # noqa: PLC0415 - not before somebody asks

        if self._help is None:
            self._help = HelpPanel(id="help")
            await self.mount(self._help, after="#body")
        text = help_text(self.actions, self.session.keymap, self.action_context, self.LANGUAGES, self.size.width - 4)
        self._help.set_text(text, fresh=True)
        self._help.display = True
        self._help.focus()

    def close_help(self) -> None:
        """Give the keys back to the body."""
        self._hide_help()
        self.focus_body()

    def _hide_help(self) -> None:
        if self._help is not None:
            self._help.display = False

    def focus_body(self) -> None:
        """Where the keys go when nothing else takes them."""

    def action_back(self) -> None:
        """One step out."""
        if self.help_is_open:
            self.close_help()

"""The part of the app that changes environments: proposals, jobs, and quitting while a job is at work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import App
from textual.message import Message
from textual.widgets import Input

from condatui.actions.registry import ACTION_BY_ID
from condatui.clipboard import COPY_GROUP
from condatui.messages import (
    BaselineProposed,
    ColumnsChosen,
    FilterDropped,
    FilterNamed,
    JobChanged,
    JobEnded,
    JobsSeen,
    KeepProposed,
    LeavingConfirmed,
    RequestProposed,
)
from condatui.screens.place import PlaceScreen
from condatui.services.job_monitor import JobMonitor
from condatui.services.keymap_writer import KEYS_GROUP
from condatui.services.user_marks import (
    MARKS_GROUP,
    forget_filter,
    keep_with_note,
    remember_filter,
    toggle_baseline,
    toggle_kept,
)
from condatui.session import Session
from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from condatui.view_models.plan import Facts
    from condatui_core.records.request import Request

SEEN_GROUP, LEAVE_GROUP, SETTINGS_GROUP = "seen", "leave", "settings"
"""The worker groups of settling the jobs that the user has seen, of leaving, and of writing a setting."""
_ASKED_FOR = (MARKS_GROUP, SETTINGS_GROUP, KEYS_GROUP, COPY_GROUP)
"""The worker groups of what keys have asked for, and leaving would cut off."""
_LAST_SECONDS = 5.0
"""How long leaving waits for that: a home on another machine may not answer."""


# Keys that arrive together, as over a slow line, take effect in their order


_LONGEST = 1.0
"""Seconds after which held keys are released even if the message that they wait for was lost with its widget."""


class _KeyTurn(Message):
    """Takes the way of key presses, from the focused widget up to the app, and so arrives after earlier ones."""

    def __init__(self, callback: Callable[[], Awaitable[None]], rounds: int = 1) -> None:
        super().__init__()
        self.callback = callback
        self.rounds = rounds
        """How often it takes that way: the second time it comes after what the earlier keys have let widgets send."""


class OrderedKeys(App[None]):
    """An app in which a key that opens something waits for the keys before it, and the keys after it wait for it.

    If the app handled such a key at once, it would overtake a cursor key that is still on its way through the widgets,
    and so act on the wrong row. If a widget handled it, the keys after it, which are meant for what it opens, would
    overtake it.
    """

    _held: list[events.Key] | None = None
    """The keys that wait; None while keys need not wait."""

    @property
    def keys_that_lead(self) -> Collection[str]:
        """The keys, as Textual names them, by which the focused widget leads to another."""
        return ()

    async def on_event(self, event: events.Event) -> None:
        """Hold the keys that arrive while an earlier key has its turn."""
        pressed = event if isinstance(event, events.Key) and not event.is_forwarded else None
        if pressed and self._held is not None:
            self._held.append(pressed)
            return
        leads = pressed is not None and pressed.key in self.keys_that_lead
        await super().on_event(event)
        if leads:
            await self.in_order(_nothing, rounds=2)

    async def in_order(self, callback: Callable[[], Awaitable[None]], *, rounds: int = 1) -> None:
        """Call back when all keys that were pressed before have had their effect."""
        if self._held is not None or not self._send_round(_KeyTurn(callback, rounds)):
            await callback()
            return
        held: list[events.Key] = []
        self._held = held
        self.set_timer(_LONGEST, lambda: self._release(held))

    def _send_round(self, turn: _KeyTurn) -> bool:
        return (self.focused or self.screen).post_message(turn)

    @on(_KeyTurn)
    async def _take_turn(self, turn: _KeyTurn) -> None:
        if turn.rounds > 1 and self._send_round(_KeyTurn(turn.callback, turn.rounds - 1)):
            return
        held = self._held
        try:
            await turn.callback()
        finally:
            if held is not None:
                await self._release(held)

    async def _release(self, held: list[events.Key]) -> None:
        if self._held is not held:
            return
        self._held = None
        for key in held:
            await self.on_event(key)


async def _nothing() -> None:
    """What a widget does by itself needs no more than that the keys after it wait."""


class ActionApp(OrderedKeys):
    """Opens forms and plans in the visible place, and shows there how the jobs end."""

    session: Session
    job_monitor: JobMonitor
    _leaving = False
    """Whether the user has left: keys that were pressed after that do nothing."""

    @property
    def keys_that_lead(self) -> Collection[str]:
        """What opens something in a place; a panel or a field that closes takes a message with it."""
        if self.focused is None or isinstance(self.focused, Input) or self.panel_is_open:
            return ()
        return self.session.keymap.keys(ACTION_BY_ID["list.open"])

    def action_reload(self) -> None:
        """Look again, and read what has changed."""

    async def propose(self, request: Request, about: Facts = ()) -> None:
        """Show the plan of a request for the user to confirm; `about` says why each of what it is for was chosen."""
        from condatui.panels.factory import plan_panel  # noqa: PLC0415 - imported at the first action

        self.job_monitor.start()
        await self._place().open_panel(plan_panel(request, self.session, about))

    async def action_open_action(self, id: str) -> None:  # noqa: A002 - the name in settings and bindings
        """Open the form of an action, or its plan if it needs no answers."""
        from condatui.panels.factory import panel_for  # noqa: PLC0415 - imported at the first use

        self.job_monitor.start()
        await self.job_monitor.find_directory()
        place = self._place()
        await place.open_panel(await panel_for(id, self.session, place.action_context))

    def action_keep(self) -> None:
        """Keep the chosen environments; if all of them are kept, no more."""
        if chosen := self._place().action_context.chosen:
            self._change_marks(partial(toggle_kept, self.session, chosen))

    async def action_keep_with_note(self) -> None:
        """Ask why the chosen environments stay."""
        from condatui.panels.line_panel import note_panel  # noqa: PLC0415 - imported at the first use

        place = self._place()
        if (chosen := place.action_context.chosen) and not place.refuses_changes():
            await place.open_panel(note_panel(chosen))

    async def action_verify(self) -> None:
        """Ask for the file that the environment under the cursor is held against."""
        from condatui.panels.line_panel import file_panel  # noqa: PLC0415 - imported at the first use

        place = self._place()
        if current := place.action_context.current:
            await place.open_panel(file_panel(current, self.session.inventory.marks.file_of(current.prefix)))

    @on(KeepProposed)
    def _keep_with_note(self, event: KeepProposed) -> None:
        self._change_marks(partial(keep_with_note, self.session.workbench, event.chosen, event.note))

    async def action_remember_filter(self) -> None:
        """Ask under which name the filter of this place is remembered."""
        from condatui.panels.line_panel import name_panel  # noqa: PLC0415 - imported at the first use

        place = self._place()
        if (text := place.action_context.filter) and not place.refuses_changes():
            await place.open_panel(name_panel(text, self.session.remembered_filters))

    async def action_forget_filter(self) -> None:
        """Ask which remembered filter is forgotten."""
        from condatui.panels.line_panel import forget_panel  # noqa: PLC0415 - imported at the first use

        place, names = self._place(), list(self.session.remembered_filters)
        shown = place.action_context.filter.removeprefix("@")
        if names and not place.refuses_changes():
            await place.open_panel(forget_panel(names, shown if shown in names else names[-1]))

    @on(FilterNamed)
    def _remember_filter(self, event: FilterNamed) -> None:
        self._change_marks(partial(remember_filter, self.session.workbench, event.name, event.text))

    @on(FilterDropped)
    def _forget_filter(self, event: FilterDropped) -> None:
        self._change_marks(partial(forget_filter, self.session.workbench, event.name))

    @on(ColumnsChosen)
    def _keep_columns(self, event: ColumnsChosen) -> None:
        write = partial(self._write_columns, event.columns)
        start_worker(self, write, group=SETTINGS_GROUP, description="write the settings")

    async def _write_columns(self, columns: Sequence[str]) -> None:
        try:
            file = await self.session.workbench.write_setting("columns", columns)
        except CondatuiError as error:
            self._say(f"These columns hold until you leave. {self._in_words(error)}")
        else:
            self._say(f"The columns stay so: {sanitize(str(file))}")

    def action_baseline(self) -> None:
        """Make the environment under the cursor the baseline; if it is that, no more."""
        if current := self._place().action_context.current:
            self._change_marks(partial(toggle_baseline, self.session.workbench, current))

    async def action_propose_baseline(self) -> None:
        """Show what would make a good baseline."""
        from condatui.panels.proposal_panel import ProposalPanel  # noqa: PLC0415 - imported at the first use

        await self._place().open_panel(ProposalPanel(self.session))

    @cached_property
    def _marks_turn(self) -> asyncio.Lock:
        """Held during a change of the marks, so that a second key sees what the first has done."""
        return asyncio.Lock()

    def _change_marks(self, change: Callable[[], Awaitable[str]]) -> None:
        tell = partial(self._tell, change)
        start_worker(self, tell, group=MARKS_GROUP, description="change marks")

    async def _tell(self, change: Callable[[], Awaitable[str]]) -> None:
        """Show what a change of the marks has done, or why it could not be done, and look again."""
        async with self._marks_turn:
            try:
                notice = await change()
            except CondatuiError as error:
                notice = self._in_words(error)
            else:
                self.action_reload()
        self._say(notice)

    def _in_words(self, error: CondatuiError) -> str:
        return sanitize(f"{error.in_one_line} {self.session.words(error.advice)}".strip())

    def _say(self, notice: str) -> None:
        if isinstance(self.screen, PlaceScreen):
            self.screen.say(notice)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key or the palette asks for; nothing more once the workbench is being left."""
        return not self._leaving and await super().run_action(action, default_namespace, namespaces)

    async def action_quit(self) -> None:
        """Quit; while a job is at work, ask first, and when asked again cancel it."""
        at_work = self.job_monitor.at_work
        if not at_work:
            self._leaving = True
            start_worker(self, self._finish_and_leave, group=LEAVE_GROUP, exit_on_error=True)
            return
        from condatui.actions.registry import ACTION_BY_ID  # noqa: PLC0415 - imported at the first use
        from condatui.panels.quit_panel import QuitPanel  # noqa: PLC0415 - imported at the first use

        place = self._place()
        if isinstance(place.panel, QuitPanel):
            place.panel.action_leave()
        else:
            key = self.session.keymap.labels(ACTION_BY_ID["quit"])[0]
            await place.open_panel(QuitPanel(at_work, key))

    @on(LeavingConfirmed)
    def _leave(self) -> None:
        start_worker(self, self._cancel_and_leave, group=LEAVE_GROUP, exit_on_error=True)

    async def _cancel_and_leave(self) -> None:
        try:
            await self.job_monitor.close(asked=True)
        finally:
            self._leaving = True
            await self._finish_and_leave()

    async def _finish_and_leave(self) -> None:
        """Leave when what keys have asked for right before is done, such as a mark that is being written."""
        asked_for = [each for each in self.workers if each.group in _ASKED_FOR and not each.is_finished]
        ends = asyncio.gather(*(each.wait() for each in asked_for), return_exceptions=True)
        try:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ends, _LAST_SECONDS)
        finally:
            self.exit()

    async def on_unmount(self) -> None:
        """Cancel the jobs in order, however the app ends."""
        await self.job_monitor.close()

    def _place(self) -> PlaceScreen:
        """The visible place, after closing what covers it."""
        while not isinstance(self.screen, PlaceScreen) and len(self.screen_stack) > 1:
            self.pop_screen()
        assert isinstance(self.screen, PlaceScreen)
        return self.screen

    @property
    def panel_is_open(self) -> bool:
        """Whether a panel is open and takes the keys of the place."""
        return isinstance(self.screen, PlaceScreen) and self.screen.panel is not None

    @on(RequestProposed)
    async def _take_proposal(self, event: RequestProposed) -> None:
        await self.propose(event.request, event.about)

    @on(BaselineProposed)
    async def _make_baseline(self, event: BaselineProposed) -> None:
        from condatui.panels.factory import baseline_panel  # noqa: PLC0415 - imported at the first use

        self.job_monitor.start()
        await self.job_monitor.find_directory()
        await self._place().open_panel(baseline_panel(event.proposal, self.session))

    @on(JobChanged)
    def _schedule_update(self) -> None:
        self.job_monitor.schedule_update()

    @on(JobEnded)
    def _show_end(self, event: JobEnded) -> None:
        from condatui.view_models.jobs import result_words  # noqa: PLC0415 - imported at the first use

        self._say(result_words(event.job))
        self.action_reload()

    @on(JobsSeen)
    def _settle_jobs(self) -> None:
        start_worker(self, self.job_monitor.settle, group=SEEN_GROUP, description="settle jobs")

"""The part of the app that changes environments: proposals, jobs, and leaving while one is at work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import App
from textual.message import Message

from condatui.messages import JobChanged, JobEnded, JobsSeen, LeavingConfirmed, RequestProposed
from condatui.screens.place import PlaceScreen
from condatui.services.job_monitor import JobMonitor
from condatui.session import Session

if TYPE_CHECKING:
    from condatui_core.records.request import Request


# Keys that arrive together, as they do over a slow line, take effect in their order.


_LONGEST = 1.0
"""Seconds after which the keys are let go on, should what they wait for have got lost with its widget."""


class _KeyTurn(Message):
    """Goes the way that key presses go, from the widget that has the focus up to the app, and so arrives after them."""

    def __init__(self, act: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.act = act


class OrderedKeys(App[None]):
    """An app in which a key that opens something waits for the keys before it, and those after it wait for it.

    A key that the app handles itself would overtake the cursor key before it, which is still on its way through the
    widgets, and so remove what the cursor was on before. A key that the widgets handle would be overtaken by the
    letters after it, which are meant for what it opens.
    """

    _held: list[events.Key] | None = None
    """Keys that wait; None while none has to."""

    async def on_event(self, event: events.Event) -> None:
        """Keep back the keys that come while another one is having its turn."""
        if self._held is not None and isinstance(event, events.Key) and not event.is_forwarded:
            self._held.append(event)
        else:
            await super().on_event(event)

    async def in_order(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something when all keys that were pressed before have had their effect."""
        turn = _KeyTurn(act)
        if self._held is not None or not (self.focused or self.screen).post_message(turn):
            await act()
            return
        held: list[events.Key] = []
        self._held = held
        self.set_timer(_LONGEST, lambda: self._let_go_on(held))

    @on(_KeyTurn)
    async def _take_turn(self, turn: _KeyTurn) -> None:
        held = self._held
        try:
            await turn.act()
        finally:
            if held is not None:
                await self._let_go_on(held)

    async def _let_go_on(self, held: list[events.Key]) -> None:
        if self._held is not held:
            return
        self._held = None
        for key in held:
            await self.on_event(key)


class ActionApp(OrderedKeys):
    """Opens what asks and plans in the place that is seen, and tells there what came of it."""

    session: Session
    job_monitor: JobMonitor

    def action_reload(self) -> None:
        """Look again, and read what has changed."""

    async def propose(self, request: Request, then: str = "") -> None:
        """Show the plan of a request, to be carried out if the user agrees; `then` names what is left."""
        from condatui.panels.factory import panel_of  # noqa: PLC0415 - not before somebody acts

        self.job_monitor.start()
        await self._place().open_panel(panel_of(request, self.session, then))

    async def action_act(self, what: str) -> None:
        """Ask what an action has to know, or show its plan; `what` is the action's id."""
        from condatui.panels.factory import panel_for  # noqa: PLC0415 - as above

        self.job_monitor.start()
        place = self._place()
        await place.open_panel(panel_for(what, self.session, place.action_context))

    async def action_quit(self) -> None:
        """Leave; while a job is at work, ask first, and pressed again cancel it."""
        at_work = self.job_monitor.at_work
        if not at_work:
            self.exit()
            return
        from condatui.actions.registry import ACTION_BY_ID  # noqa: PLC0415 - as above
        from condatui.panels.quit_panel import QuitPanel  # noqa: PLC0415 - as above

        place = self._place()
        if isinstance(place.panel, QuitPanel):
            place.panel.action_leave()
        else:
            key = self.session.keymap.labels(ACTION_BY_ID["quit"])[0]
            await place.open_panel(QuitPanel(at_work, key))

    @on(LeavingConfirmed)
    def _leave(self) -> None:
        self.run_worker(self._cancel_and_leave(), group="leave", exit_on_error=True)

    async def _cancel_and_leave(self) -> None:
        await self.job_monitor.close()
        self.exit()

    async def on_unmount(self) -> None:
        """However the app ends: what is at work ends with it, and in order."""
        await self.job_monitor.close()

    def _place(self) -> PlaceScreen:
        """The place that is seen, what lies over it being closed."""
        while not isinstance(self.screen, PlaceScreen) and len(self.screen_stack) > 1:
            self.pop_screen()
        assert isinstance(self.screen, PlaceScreen)
        return self.screen

    @property
    def acting(self) -> bool:
        """Whether something is open that asks or plans, so that keys mean it and not the place."""
        return isinstance(self.screen, PlaceScreen) and self.screen.panel is not None

    @on(RequestProposed)
    async def _take_proposal(self, event: RequestProposed) -> None:
        await self.propose(event.request, event.then)

    @on(JobChanged)
    def _hear_jobs(self) -> None:
        self.job_monitor.hear()

    @on(JobEnded)
    def _tell_end(self, event: JobEnded) -> None:
        from condatui.view_models.jobs import result_words  # noqa: PLC0415 - as above

        if isinstance(self.screen, PlaceScreen):
            self.screen.say(result_words(event.job))
        self.action_reload()

    @on(JobsSeen)
    def _settle_jobs(self) -> None:
        self.run_worker(self.job_monitor.settle(), group="seen", exit_on_error=False, description="settle jobs")

"""The part of the app that changes environments: proposals, jobs, and leaving while one is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from condatui.messages import JobChanged, JobEnded, JobsSeen, LeavingConfirmed, RequestProposed
from condatui.ordered_keys import OrderedKeys
from condatui.screens.place import PlaceScreen
from condatui.services.job_monitor import JobMonitor
from condatui.session import Session

if TYPE_CHECKING:
    from condatui_core.records.request import Request


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

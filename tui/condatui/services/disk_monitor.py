"""The disk, measured beside the screens: a walk after each load, and single environments when asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.app import App
from textual.screen import Screen

from condatui.messages import DiskSurveyed
from condatui.session import Session
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from condatui.view_models.details.disk import DiskSubject
    from condatui_core.disk.link_graph import LinkGraph
    from condatui_core.disk.usage import Disk
    from condatui_core.records.disk import Breakdown, DiskUse, Sharing


# The disk, measured beside the screens: after each load, one walk at a time, ended with the app.


WALK_GROUP = "disk"
"""The workers that measure."""


class DiskMonitor:
    """Starts walks and tells the app what they find."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._walking = False
        self._again = False
        """Whether something has changed while a walk was under way."""
        self._anew = False
        """Whether the user wants everything read; stands until a walk has done so."""

    def want_anew(self) -> None:
        """Let the next walk read everything, and the present one count for nothing."""
        self._anew, self._walking = True, False

    def start(self) -> None:
        """Measure what is there now; a walk that is under way goes on to its end first, or it might never get there."""
        if self._walking:
            self._again = True
            return
        self._walking, self._again = True, False
        work = self._walk(anew=self._anew)
        self._app.run_worker(
            work, group=WALK_GROUP, exclusive=True, exit_on_error=False, description="measure the disk"
        )

    def end(self) -> None:
        """Take note that a walk is over, whatever came of it."""
        self._walking = False
        if self._again:
            self.start()

    async def _walk(self, *, anew: bool) -> None:
        session = self._session
        disk = await asyncio.to_thread(self._disk)
        async with aclosing(disk.survey(session.inventory, anew=anew, former=session.disk)) as surveys:
            async for survey in surveys:
                self._app.post_message(DiskSurveyed(survey))
        self._anew = self._anew and not anew

    def _disk(self) -> Disk:
        return self._session.workbench.disk


# What lies in single environments, looked at beside the event loop when somebody wants to see it.


_GROUP = "breakdown"


class Breakdowns:
    """Breaks environments down by package, one at a time, and remembers them until they are measured otherwise."""

    def __init__(self, screen: Screen[None], session: Session, tell: Callable[[], None]) -> None:
        """`tell` is called whenever one is new."""
        self._screen = screen
        self._session = session
        self._tell = tell
        self._known: dict[str, tuple[DiskUse, Breakdown]] = {}
        self._wanted: tuple[str, DiskUse] | None = None
        self._shared: tuple[LinkGraph, str, tuple[Sharing, ...]] | None = None
        """With whom the last one shares, as this is asked for at every turn."""

    def subject(self, environment: Environment) -> DiskSubject:
        """All that is known of the bytes of an environment; what is not begins to be looked at."""
        from condatui.view_models.details.disk import DiskSubject  # noqa: PLC0415 - not before somebody looks

        survey = self._session.disk
        if survey is None:
            return DiskSubject(environment)
        use = survey.uses.get(environment.prefix)
        return DiskSubject(
            environment,
            use,
            sharing=self._sharing(survey.graph, environment.prefix) if survey.graph and use else (),
            breakdown=self._of(environment, use) if use else None,
            names=self._session.names,
            kept=not survey.anew,
            entries=None if survey.complete else survey.entries,
        )

    def _sharing(self, graph: LinkGraph, prefix: str) -> tuple[Sharing, ...]:
        if self._shared is None or self._shared[0] is not graph or self._shared[1] != prefix:
            self._shared = (graph, prefix, graph.sharing(prefix))
        return self._shared[2]

    def _of(self, environment: Environment, use: DiskUse) -> Breakdown | None:
        measured, breakdown = self._known.get(environment.prefix, (None, None))
        if measured == use:
            return breakdown
        if self._wanted != (environment.prefix, use):
            self._wanted = (environment.prefix, use)
            work = self._break_down(environment, use)
            self._screen.run_worker(work, group=_GROUP, exclusive=True, exit_on_error=False, description="break down")
        return breakdown

    async def _break_down(self, environment: Environment, use: DiskUse) -> None:
        survey = self._session.disk
        assert survey is not None
        breakdown = await self._session.workbench.disk.break_down(environment, survey.places)
        self._known[environment.prefix] = (use, breakdown)
        self._wanted = None
        self._tell()

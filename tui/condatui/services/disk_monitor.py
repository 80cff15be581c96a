"""Measures the disk beside the screens: a walk after each load, and a breakdown of the environment that is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App
from textual.screen import Screen

from condatui.messages import DiskSurveyed
from condatui.session import Session
from condatui.workers import start_worker
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from condatui.view_models.details.disk import DiskSubject
    from condatui_core.disk.link_graph import LinkGraph
    from condatui_core.disk.usage import Disk
    from condatui_core.records.disk import Breakdown, DiskUse, Sharing


# The walk of the disk


WALK_GROUP = "disk"
"""The worker group of the walk."""


class DiskMonitor:
    """Runs one walk of the disk at a time and posts its results to the app."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._walking = False
        self._again = False
        """Whether another walk follows the present one, because something has changed meanwhile."""
        self._full = False
        """Whether the next walk reads everything; true until a walk has done so."""

    def request_full_walk(self) -> None:
        """Make the next walk read everything, and let it replace the present one."""
        self._full, self._walking = True, False

    def start(self) -> None:
        """Start a walk, or note that another one has to follow the present one, which runs to its end."""
        if self._walking:
            self._again = True
            return
        self._walking, self._again = True, False
        work = partial(self._walk, full=self._full)
        start_worker(self._app, work, group=WALK_GROUP, exclusive=True, description="measure the disk")

    def end(self) -> None:
        """Note that a walk is over, with a result or without, and start the next one if there is need."""
        self._walking = False
        if self._again:
            self.start()

    async def _walk(self, *, full: bool) -> None:
        session = self._session
        disk = await asyncio.to_thread(self._disk)
        async with aclosing(disk.survey(session.inventory, anew=full, former=session.disk)) as surveys:
            async for survey in surveys:
                self._app.post_message(DiskSurveyed(survey))
        self._full = self._full and not full

    def _disk(self) -> Disk:
        return self._session.workbench.disk


# The breakdown of single environments


_GROUP = "breakdown"


class Breakdowns:
    """Breaks environments down by package, one at a time, and keeps each breakdown until its measurement changes."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after each new breakdown."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, tuple[DiskUse, Breakdown]] = {}
        self._requested: tuple[str, DiskUse, LinkGraph | None] | None = None
        """What the last breakdown was of. One that has failed is tried again once the disk was walked again."""
        self._shared: tuple[LinkGraph, str, tuple[Sharing, ...]] | None = None
        """The graph, the prefix and the sharing of the last subject, which is drawn often."""

    def subject(self, environment: Environment) -> DiskSubject:
        """What is known of the disk use of an environment; starts a breakdown if there is none."""
        from condatui.view_models.details.disk import DiskSubject  # noqa: PLC0415 - imported when the disk tab is first shown

        survey = self._session.disk
        if survey is None:
            return DiskSubject(environment)
        use = survey.uses.get(environment.prefix)
        return DiskSubject(
            environment,
            use,
            sharing=self._sharing(survey.graph, environment.prefix) if survey.graph and use else (),
            breakdown=self._of(environment, use, survey.graph) if use else None,
            names=self._session.names,
            home=str(self._session.workbench.locations.home),
            full_walk="" if survey.anew else self._session.key("reload_all"),
            upper_bound=survey.upper_bounds.get(environment.prefix),
            entries=None if survey.complete else survey.entries,
            left_out=environment.prefix in survey.left_out,
        )

    def _sharing(self, graph: LinkGraph, prefix: str) -> tuple[Sharing, ...]:
        if self._shared is None or self._shared[0] is not graph or self._shared[1] != prefix:
            self._shared = (graph, prefix, graph.sharing(prefix))
        return self._shared[2]

    def _of(self, environment: Environment, use: DiskUse, graph: LinkGraph | None) -> Breakdown | None:
        measured, breakdown = self._known.get(environment.prefix, (None, None))
        if measured == use:
            return breakdown
        wanted = (environment.prefix, use, graph)
        if self._requested != wanted:
            self._requested = wanted
            work = partial(self._break_down, environment, use)
            start_worker(self._screen, work, group=_GROUP, exclusive=True, description="break down")
        return breakdown

    async def _break_down(self, environment: Environment, use: DiskUse) -> None:
        survey = self._session.disk
        assert survey is not None
        breakdown = await self._session.workbench.disk.break_down(environment, survey.places)
        self._known[environment.prefix] = (use, breakdown)
        self._requested = None
        self._on_change()

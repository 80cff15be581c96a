"""Finds alike environments beside the screens: after each load, and when a GPU check changes which should stay."""

from __future__ import annotations

from functools import partial

from textual.app import App

from condatui.messages import AlikeFound
from condatui.session import Session
from condatui.workers import start_worker

ALIKE_GROUP = "alike"
"""The worker group of the search."""


class AlikeMonitor:
    """Runs one search at a time and posts the groups to the app; without a change the search costs nothing."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._working: frozenset[str] | None = None
        """The environments that computed on the GPU at the last search; None before the first."""

    def start(self) -> None:
        """Search now; a search that runs is given up."""
        self._working = self._session.gpus.working
        start_worker(
            self._app,
            partial(self._search, self._working),
            group=ALIKE_GROUP,
            exclusive=True,
            description="find alike environments",
        )

    def follow_gpus(self) -> None:
        """Search again if other environments compute on the GPU than at the last search."""
        if self._working is not None and self._session.gpus.working != self._working:
            self.start()

    async def _search(self, working: frozenset[str]) -> None:
        inventory = self._session.inventory
        groups = await self._session.workbench.groups(inventory, working_gpu=working)
        self._app.post_message(AlikeFound(groups))

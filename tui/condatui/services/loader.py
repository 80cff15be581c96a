"""Loads what the machine holds beside the screens, and looks again and again whether something has changed."""

from __future__ import annotations

import asyncio
import time

from textual.app import App

from condatui.messages import InventoryLoaded
from condatui.session import Session

LOAD_GROUP = "load"
"""The worker that loads."""
_PATIENCE = 20
"""Looking for changes may take one part in so many of the time."""


class Loader:
    """Starts one load at a time and posts each inventory to the app; watches from the first load on."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session

    def load(self, *, refresh: bool, glance: bool = False) -> None:
        """Load now, and watch from now on; `refresh` reads everything again, `glance` names the environments first."""
        self._start(refresh=refresh, glance=glance)
        if (seconds := self._session.workbench.settings.watch_seconds) > 0:
            watching = self._watch(seconds)
            self._app.run_worker(watching, group="watch", exclusive=True, exit_on_error=False, description="watch")

    def _start(self, *, refresh: bool, glance: bool) -> None:
        self._session.start_loading()
        loading = self._load(refresh=refresh, glance=glance)
        self._app.run_worker(loading, group=LOAD_GROUP, exclusive=True, exit_on_error=False, description="load")

    async def _load(self, *, refresh: bool, glance: bool) -> None:
        """Names at once, then ever more of what there is to know."""
        workbench = self._session.workbench
        if glance:
            self._app.post_message(InventoryLoaded(await asyncio.to_thread(workbench.glance)))
        async for inventory in workbench.load(refresh=refresh):
            self._app.post_message(InventoryLoaded(inventory))

    async def _watch(self, seconds: float) -> None:
        """Look for changes from outside; where looking is slow, look less often."""
        pause = seconds
        while True:
            await asyncio.sleep(pause)
            if self._session.loading:
                continue
            started = time.monotonic()
            changed = await self._session.workbench.changed()
            pause = max(seconds, _PATIENCE * (time.monotonic() - started))
            if changed and not self._session.loading:
                self._start(refresh=False, glance=False)

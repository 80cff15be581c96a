"""Loads the inventory beside the screens, and looks for changes at regular intervals."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from textual.app import App

from condatui.messages import InventoryLoaded
from condatui.session import Session
from condatui.workers import start_worker

LOAD_GROUP = "load"
"""The worker group of loading."""
_REST = 20
"""The pause between two looks for changes is at least so many times as long as a look takes."""


class Loader:
    """Runs one load at a time and posts each inventory to the app; watches for changes from the first load on."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session

    def load(self, *, refresh: bool, glance: bool = False) -> None:
        """Load now, and watch from now on; `refresh` reads everything again, `glance` first lists only the names."""
        self._start(refresh=refresh, glance=glance)
        if (seconds := self._session.workbench.settings.watch_seconds) > 0:
            watching = partial(self._watch, seconds)
            start_worker(self._app, watching, group="watch", exclusive=True, description="watch")

    def _start(self, *, refresh: bool, glance: bool) -> None:
        self._session.start_loading()
        loading = partial(self._load, refresh=refresh, glance=glance)
        start_worker(self._app, loading, group=LOAD_GROUP, exclusive=True, description="load")

    async def _load(self, *, refresh: bool, glance: bool) -> None:
        """Post an inventory of names if asked for, then each fuller inventory."""
        workbench = self._session.workbench
        if glance:
            self._app.post_message(InventoryLoaded(await asyncio.to_thread(workbench.glance)))
        async for inventory in workbench.load(refresh=refresh):
            self._app.post_message(InventoryLoaded(inventory))
        self._session.restore_points = await workbench.count_restore_points()

    async def _watch(self, seconds: float) -> None:
        """Look for changes made outside condatui; if looking is slow, look less often."""
        pause = seconds
        while True:
            await asyncio.sleep(pause)
            if self._session.loading:
                continue
            started = time.monotonic()
            changed = await self._session.workbench.changed()
            pause = max(seconds, _REST * (time.monotonic() - started))
            if changed and not self._session.loading:
                self._start(refresh=False, glance=False)

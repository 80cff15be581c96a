"""The disk, measured beside the screens: after each load, one walk at a time, ended with the app."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.app import App

from condatui.messages import DiskSurveyed
from condatui.screens.session import Session

if TYPE_CHECKING:
    from condatui_core.disk.disk import Disk

GROUP = "disk"
"""The workers that measure."""


class Measuring:
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
        self._app.run_worker(work, group=GROUP, exclusive=True, exit_on_error=False, description="measure the disk")

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

"""Reads the snapshots of other machines beside the screens: after the first picture, and again with each load."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.app import App

from condatui.messages import AlikeAcrossFound, OthersRead
from condatui.session import Session
from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from condatui_core.records.finding import Finding

if TYPE_CHECKING:
    from condatui_core.records.other_machine import OtherMachines

OTHERS_GROUP = "other machines"
"""The worker group of reading."""


class SnapshotReader:
    """Reads one time at once and posts to the app what is known; the first time the table fills as machines arrive."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session

    def read(self) -> None:
        """Read all snapshots, if the workbench looks at any; a reading that is under way is given up."""
        if place := self._session.workbench.snapshots:
            start_worker(
                self._app,
                partial(self._read, place),
                group=OTHERS_GROUP,
                exclusive=True,
                description="read snapshots",
            )

    async def _read(self, place: str) -> None:
        """Once something is shown, a later reading replaces it only when it is complete."""
        shown = self._session.others
        fills = shown is None or bool(shown.pending)
        last: OtherMachines | None = None
        try:
            async for others in self._session.workbench.other_machines(place):
                if fills or not others.pending:
                    self._app.post_message(OthersRead(others))
                last = others
        except CondatuiError as error:
            self._app.post_message(OthersRead(self._with_problem(error.in_one_line)))

        if last:
            from condatui_core.analyses.alike_machines import groups_across  # noqa: PLC0415 - most have no snapshots

            threshold = self._session.workbench.settings.alike_threshold
            groups = await asyncio.to_thread(groups_across, last.inventory, threshold=threshold)
            self._app.post_message(AlikeAcrossFound(groups))

    def _with_problem(self, message: str) -> OtherMachines:
        """What was read before, and why no more was."""
        from condatui_core.records.other_machine import OtherMachines  # noqa: PLC0415 - as above

        known = self._session.others or OtherMachines()
        problem = Finding(id="snapshot-unusable", severity="warning", message=message, source="machine")
        inventory = replace(known.inventory, problems=(problem,), pending=0)
        return replace(known, inventory=inventory, pending=0)

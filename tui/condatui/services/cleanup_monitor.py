"""Looks for what could go beside the screens: after each load, each walk of the disk and each choice of the user."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from textual.app import App

from condatui.messages import CleanupFound
from condatui.session import Session
from condatui.view_models.cleanup.found import CleanupQuestion
from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from condatui_core.records.relinking import RelinkSurvey

if TYPE_CHECKING:
    from condatui.view_models.cleanup.found import FoundCleanup
    from condatui_core.disk.link_graph import LinkGraph
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.environment import Inventory

_logger = logging.getLogger(__name__)
CLEANUP_GROUP = "cleanup"
"""The worker group that looks for what could go."""


def _is_read(inventory: Inventory) -> bool:
    """Whether all environments are read; the first inventory knows nothing but their names."""
    return inventory.complete or (not inventory.pending and any(each.contents for each in inventory.environments))


class CleanupMonitor:
    """Answers one question at a time in a thread, drops what is outdated, and posts the rest to the app."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._asked: CleanupQuestion | None = None
        """The latest question."""
        self._at_work = False
        self._same_files = _SameFiles()

    def follow(self) -> None:
        """Look again whenever something changes in the session that decides what could go."""
        self._session.changed.subscribe(self._app, self.look)

    def look(self, session: Session) -> None:
        """Look again if there is need; while environments are being read, what was found before stays."""
        if not _is_read(session.inventory):
            return
        question = CleanupQuestion(session.inventory, session.disk, session.gpus.working, session.cleanup_options)
        if self._asked is not None and question.is_that_of(self._asked):
            return
        self._asked = question
        if not self._at_work:
            self._at_work = True
            start_worker(self._app, self._answer, group=CLEANUP_GROUP, description="look for what could go")

    async def _answer(self) -> None:
        """Answer the latest question, until there is no later one: a thread cannot be cancelled, so only one runs."""
        answered: CleanupQuestion | None = None
        try:
            while (asked := self._asked) is not None and asked is not answered:
                await self._find(asked)
                answered = asked
                if asked is self._asked and await self._look_for_same_files(asked.disk):
                    await self._find(asked)
        finally:
            self._at_work = False

    async def _find(self, question: CleanupQuestion) -> None:
        """Post what could go, unless it is outdated by then."""
        options = question.options
        groups = await self._session.workbench.groups(
            question.inventory,
            threshold=options.threshold,
            chosen=options.keepers,
            working_gpu=question.working_gpu,
        )
        found = await asyncio.to_thread(self._find_among, question, groups)
        if found is not None and question is self._asked:
            self._app.post_message(CleanupFound(found))

    def _find_among(self, question: CleanupQuestion, groups: tuple[AlikeGroup, ...]) -> FoundCleanup | None:
        from condatui.services.cleanup_finder import find_cleanup  # noqa: PLC0415 - imported in the thread

        disk = self._same_files.added_to(question.disk)
        survey = self._session.workbench.survey_cleanup(question.inventory, disk, groups)
        return find_cleanup(question, survey, lambda: question is not self._asked)

    async def _look_for_same_files(self, disk: DiskUsage | None) -> bool:
        """Look for what is stored twice, once for each walk of the disk; whether something was found that is new."""
        if disk is None or not disk.places or self._same_files.is_of(disk):
            return False
        try:
            found = await self._session.workbench.same_files()
        except CondatuiError as error:  # the other rows stay as they are
            _logger.warning("%s %s", error.title, error.detail)
            found = RelinkSurvey()
        self._same_files = _SameFiles(disk.graph, found)
        return bool(found.sets)


@dataclass(frozen=True, slots=True)
class _SameFiles:
    """What was stored twice after a walk of the disk."""

    graph: LinkGraph | None = None
    found: RelinkSurvey = field(default_factory=RelinkSurvey)

    def is_of(self, disk: DiskUsage) -> bool:
        """Whether it was looked for after the walk that this is of."""
        return self.graph is disk.graph

    def added_to(self, disk: DiskUsage | None) -> DiskUsage | None:
        """The usage with what is stored twice, if it is that of the same walk."""
        return replace(disk, same_files=self.found) if disk and disk.graph and self.is_of(disk) else disk

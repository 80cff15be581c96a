"""Verifies environments against the files that describe them, beside the screens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment
from condatui_core.settings import absolute_path, expand_home
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from textual.screen import Screen

    from condatui.session import Session
    from condatui.view_models.verification import VerifiedFile
    from condatui_core.records.drift import Verification
    from condatui_core.records.prefix import PrefixContents

_GROUP, _LOOK_GROUP = "verify", "verify: look at the file"
_Stamp = tuple[int, int]
"""The size of a file, and when it was written, in nanoseconds."""


class _Known(Struct, frozen=True):
    """What came of verifying an environment, and of which contents that is true."""

    contents: PrefixContents | None
    load: int
    """The number of loads that had ended: the file may be another since."""
    verified: VerifiedFile
    stamp: _Stamp | None = None
    """The stamp of the file before it was read; None while it is looked at."""

    def is_about(self, environment: Environment, load: int) -> bool:
        """Whether it was found out about these contents, and since that load."""
        return self.contents is environment.contents and self.load == load


class Verifier:
    """Knows the file of each environment, and what came of it; verifies again after each load."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[str], None]) -> None:
        """Calls `on_change` after each time, with what the user who has asked for it is told; otherwise empty."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, _Known] = {}
        """By prefix."""

    def verified(self, environment: Environment) -> VerifiedFile | None:
        """What is known of an environment; starts to verify it if that is about other contents, or not known yet."""
        known = self._known.get(environment.prefix)
        file = known.verified.file if known else self._session.inventory.marks.file_of(environment.prefix)
        if not file or environment.contents is None:
            return None
        if known is None or not known.is_about(environment, self._session.loads):
            self._start(environment, file, asked=False)
        elif known.stamp is not None:
            work = partial(self._look, environment, file)
            start_worker(self._screen, work, group=_LOOK_GROUP, description="look at a file")
        return self._known[environment.prefix].verified

    async def _look(self, environment: Environment, file: str) -> None:
        """Verify again if the file has been written since; what was found stays until then."""
        stamp = await asyncio.to_thread(_stamp_of, file)
        known = self._known.get(environment.prefix)
        if known and known.verified.file == file and known.stamp not in (None, stamp):
            self._start(environment, file, asked=False)

    def verify(self, environment: Environment, text: str) -> None:
        """Verify an environment against the file that the user has typed, and remember that."""
        try:
            file = absolute_path(
                expand_home(text, self._session.workbench.locations.home), str(self._session.directory)
            )
        except CondatuiError as error:
            self._on_change(error.in_one_line)
            return
        self._start(environment, file, asked=True)

    def _start(self, environment: Environment, file: str, *, asked: bool) -> None:
        known = self._known.get(environment.prefix)
        before = known.verified if known and known.verified.file == file else _verified(file)
        self._known[environment.prefix] = _Known(environment.contents, self._session.loads, before)
        work = partial(self._verify, environment, file, asked=asked)
        start_worker(self._screen, work, group=_GROUP, description="verify")

    async def _verify(self, environment: Environment, file: str, *, asked: bool) -> None:
        workbench = self._session.workbench
        channels = self._session.inventory.channel_config(environment)
        stamp = await asyncio.to_thread(_stamp_of, file)
        try:
            found = await workbench.verify(environment, file, channels)
        except CondatuiError as error:
            self._take(environment, _verified(file, problem=sanitize(error.in_one_line)), stamp, asked=asked)
            return
        if self._take(environment, _verified(file, found), stamp, asked=asked) and asked:
            try:
                if not workbench.read_only:
                    await workbench.remember_file(environment, file)
            except CondatuiError as error:
                self._on_change(sanitize(error.in_one_line))

    def _take(self, environment: Environment, verified: VerifiedFile, stamp: _Stamp, *, asked: bool) -> bool:
        """Take what was found out, unless the user has asked for another file or the environment has changed since."""
        known = self._known.get(environment.prefix)
        if known is None or known.contents is not environment.contents or known.verified.file != verified.file:
            return False
        self._known[environment.prefix] = _Known(environment.contents, known.load, verified, stamp)
        self._on_change(f"{sanitize(environment.name)}: {_said(verified)}" if asked else "")
        return True


def _stamp_of(file: str) -> _Stamp:
    """The stamp of a file, which one that is not there has too. It blocks."""
    try:
        status = os.stat(file)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _verified(file: str, found: Verification | None = None, problem: str = "") -> VerifiedFile:
    from condatui.view_models.verification import VerifiedFile  # noqa: PLC0415 - the first picture does without

    return VerifiedFile(file=file, found=found, problem=problem)


def _said(verified: VerifiedFile) -> str:
    from condatui.view_models.verification import verified_line  # noqa: PLC0415 - as above

    return verified.problem or (
        verified_line(verified.found, os.path.basename(verified.file)) if verified.found else ""
    )

"""Checks the files of the environment whose health is shown, beside the screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from condatui.workers import start_worker
from condatui_core.analyses.environments import with_findings
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from textual.screen import Screen

    from condatui.session import Session
    from condatui_core.records.finding import Finding
    from condatui_core.records.prefix import PrefixContents

_GROUP = "check files"


class FileChecker:
    """Checks one environment at a time, by the sizes and times of its files.

    A result holds as long as the contents are the same object, which is until they are read again.
    """

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after each check."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, tuple[PrefixContents, tuple[Finding, ...]]] = {}
        """By prefix, the contents at the last check, and what was found; while it runs, what was found before."""
        self._checking = False

    def checked(self, environment: Environment) -> Environment:
        """The environment with what is known of its files; starts a check if its contents are new."""
        if environment.contents is None:
            return environment
        contents, findings = self._known.get(environment.prefix, (None, ()))
        if contents is not environment.contents and not self._checking:
            self._known[environment.prefix] = (environment.contents, findings)
            self._start(environment)
        return with_findings(environment, findings, source="file-check")

    def _start(self, environment: Environment) -> None:
        """A check runs to its end, as its thread cannot be cancelled: a second one would only read beside it."""
        self._checking = True
        start_worker(self._screen, partial(self._check, environment), group=_GROUP, description="check files")

    async def _check(self, environment: Environment) -> None:
        assert environment.contents is not None
        try:
            findings = await self._session.workbench.check_files(environment)
            self._known[environment.prefix] = (environment.contents, findings)
        finally:
            self._checking = False
        self._on_change()

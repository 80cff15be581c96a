"""Checks the files of the environment whose health is shown, beside the screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from condatui_core.analyses.environments import with_findings
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from textual.screen import Screen

    from condatui.session import Session

_GROUP = "check files"


class FileChecker:
    """Checks one environment at a time, by the sizes and times of its files, and keeps each result until a reload."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after each check."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, tuple[Environment, Environment]] = {}
        """By prefix, the environment as it was checked, and the same with what was found."""
        self._requested: Environment | None = None

    def checked(self, environment: Environment) -> Environment:
        """The environment with what is known of its files; starts a check if nothing is."""
        before, checked = self._known.get(environment.prefix, (None, environment))
        if before is environment or environment.contents is None:
            return checked
        if self._requested is not environment:
            self._requested = environment
            self._screen.run_worker(
                self._check(environment), group=_GROUP, exclusive=True, exit_on_error=False, description="check files"
            )
        return environment

    async def _check(self, environment: Environment) -> None:
        findings = await self._session.workbench.check_files(environment)
        self._known[environment.prefix] = (environment, with_findings(environment, findings))
        self._requested = None
        self._on_change()

"""Finds what names the environment that is shown, beside the screen: kernels, shell files, conda's configuration."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from condatui.workers import start_worker

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.timer import Timer

    from condatui.session import Session
    from condatui.view_models.cleanup.found import FoundCleanup
    from condatui_core.records.kernel import Reference

_GROUP = "references"
_RESTED = 0.15
"""Seconds that the cursor rests on an environment before it is looked for."""


class ReferenceFinder:
    """Looks for one environment at a time, and knows what it found until what could go changes."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after each look that has found something."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._found: FoundCleanup | None = None
        self._known: dict[str, tuple[Reference, ...]] = {}
        """By prefix."""
        self._resting: Timer | None = None

    def of(self, prefix: str) -> tuple[Reference, ...]:
        """What names an environment, as far as it is known; what was not looked for is, if this is not asked again."""
        if self._session.cleanup is not self._found:
            self._found = self._session.cleanup
            self._known.clear()
        if self._resting is not None:
            self._resting.stop()
        if prefix and prefix not in self._known:
            self._resting = self._screen.set_timer(_RESTED, partial(self._begin, prefix))
        return self._known.get(prefix, ())

    def _begin(self, prefix: str) -> None:
        look = partial(self._look, prefix, self._found)
        start_worker(self._screen, look, group=_GROUP, exclusive=True, description="look for names")

    async def _look(self, prefix: str, found: FoundCleanup | None) -> None:
        references = await self._session.workbench.references(prefix)
        if found is self._found:
            self._known[prefix] = references
            if references:
                self._on_change()

"""Looks into the revisions of the environment whose history is shown, beside the screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from condatui.workers import start_worker

if TYPE_CHECKING:
    from textual.screen import Screen

    from condatui.session import Session
    from condatui_core.records.environment import Environment
    from condatui_core.records.revision import RevisionFacts

_GROUP = "revisions"


class RevisionFinder:
    """Looks into the history of one environment at a time; what it found holds until the machine is read again."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after each look."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, tuple[int, tuple[RevisionFacts, ...]]] = {}
        """By prefix, the load that the last look followed, and what was found; while it runs, what was found before."""
        self._looking = False

    def of(self, environment: Environment) -> tuple[RevisionFacts, ...]:
        """What is known of its revisions; starts a look if the machine has been read again since the last one."""
        if environment.contents is None:
            return ()
        load, facts = self._known.get(environment.prefix, (0, ()))
        if load != self._session.loads and not self._looking:
            self._known[environment.prefix] = (self._session.loads, facts)
            self._start(environment)
        return facts if len(facts) == len(environment.contents.history.revisions) else ()

    def _start(self, environment: Environment) -> None:
        """A look runs to its end, as its thread cannot be cancelled: a second one would only read beside it."""
        self._looking = True
        look = partial(self._look, environment, self._session.loads)
        start_worker(self._screen, look, group=_GROUP, description="look into revisions")

    async def _look(self, environment: Environment, load: int) -> None:
        try:
            self._known[environment.prefix] = (load, await self._session.workbench.revisions(environment))
        finally:
            self._looking = False
        self._on_change()

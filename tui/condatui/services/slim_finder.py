"""Finds what a service would not need of the environment whose tab is shown, beside the screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from condatui.workers import start_worker
from condatui_core.errors import CondatuiError

if TYPE_CHECKING:
    from textual.screen import Screen

    from condatui.session import Session
    from condatui.view_models.details.slim import SlimSubject
    from condatui_core.records.environment import Environment

_GROUP = "slim"


class SlimFinder:
    """Looks at the files of one environment at a time; what it found holds until the machine is read again."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after each look."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, tuple[int, SlimSubject]] = {}
        """By prefix, the load that the last look followed, and what was found; while it runs, what was found before."""
        self._looking = False

    def of(self, environment: Environment) -> SlimSubject:
        """What is known; starts a look if the machine has been read again since the last one."""
        from condatui.view_models.details.slim import SlimSubject  # noqa: PLC0415 - imported when the slim tab is first shown

        prefix = environment.prefix
        load, found = self._known.get(prefix, (0, SlimSubject(prefix)))
        if load != self._session.loads and not self._looking:
            self._known[prefix] = (self._session.loads, found)
            self._looking = True
            look = partial(self._look, environment, self._session.loads)
            # A thread cannot be cancelled, so that a look runs to its end, and a second one would only walk beside it.
            start_worker(self._screen, look, group=_GROUP, description="look at every file")
        return found

    async def _look(self, environment: Environment, load: int) -> None:
        from condatui.view_models.details.slim import SlimSubject  # noqa: PLC0415 - as above

        session, prefix = self._session, environment.prefix
        try:
            slimming = await session.workbench.slimming(environment, session.inventory)
            found = SlimSubject(prefix, slimming, "measured")
        except CondatuiError as error:
            found = SlimSubject(prefix, state="impossible", why=error.title, detail=" ".join(error.detail.splitlines()))
        finally:
            self._looking = False
        self._known[prefix] = (load, found)
        self._on_change()

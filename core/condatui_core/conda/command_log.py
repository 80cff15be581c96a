"""Every command that condatui ran, for users to read and copy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from condatui_core.records.command_run import CommandRun

MOST_RUNS = 500


class CommandLog:
    """The last commands that were run, oldest first, and who wants to hear of new ones."""

    def __init__(self, most: int = MOST_RUNS) -> None:
        self._runs: deque[CommandRun] = deque(maxlen=most)
        self._subscribers: dict[object, Callable[[CommandRun], None]] = {}

    @property
    def runs(self) -> tuple[CommandRun, ...]:
        """The runs that are still remembered, oldest first."""
        return tuple(self._runs)

    def add(self, run: CommandRun) -> None:
        """Remember a run, forgetting the oldest if there are too many, and tell every subscriber."""
        self._runs.append(run)
        for tell in tuple(self._subscribers.values()):
            tell(run)

    def subscribe(self, callback: Callable[[CommandRun], None]) -> Callable[[], None]:
        """Call back with every run from now on; the function that is returned ends that, and may be called twice."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

"""The log of the commands that condatui ran, for users to read and copy."""

from __future__ import annotations

import logging
import shlex
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.text import mask_credentials, sanitize

Outcome = Literal["done", "failed", "timed out", "cancelled", "not started"]


class CommandRun(Struct, frozen=True, kw_only=True):
    """One process that condatui started: its command, start, duration and outcome."""

    argv: tuple[str, ...]
    """Credentials masked."""
    started: datetime
    milliseconds: int
    exit_code: int | None
    """Negative if a signal ended it; None if it was not started."""
    outcome: Outcome
    message: str = ""
    """The last lines of stderr, or why it was not started; credentials masked."""


MOST_RUNS = 500

_logger = logging.getLogger(__name__)


class CommandLog:
    """The last commands that condatui ran, oldest first, and callbacks for new ones."""

    def __init__(self, most: int = MOST_RUNS) -> None:
        self._runs: deque[CommandRun] = deque(maxlen=most)
        self._subscribers: dict[object, Callable[[CommandRun], None]] = {}

    @property
    def runs(self) -> tuple[CommandRun, ...]:
        """The runs that the log still holds, oldest first."""
        return tuple(self._runs)

    def add(self, run: CommandRun) -> None:
        """Add a run, drop the oldest if there are too many, and call every subscriber."""
        self._runs.append(run)
        _log(run)
        for callback in tuple(self._subscribers.values()):
            callback(run)

    def subscribe(self, callback: Callable[[CommandRun], None]) -> Callable[[], None]:
        """Call back with every run from now on; the returned function unsubscribes, even called twice."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe


def command_line(argv: Sequence[str]) -> str:
    """A command as users can paste it into a shell, without its credentials."""
    return f"$ {sanitize(mask_credentials(shlex.join(argv)))}"


def _log(run: CommandRun) -> None:
    level = logging.DEBUG if run.outcome in ("done", "cancelled") else logging.WARNING
    if _logger.isEnabledFor(level):
        command = shlex.join(run.argv)
        _logger.log(level, "%s after %d ms, exit code %s: %s", run.outcome, run.milliseconds, run.exit_code, command)
        if run.message:
            _logger.debug("its last words: %s", run.message)

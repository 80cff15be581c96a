"""A command that was run, for the log that users can read and copy from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

Outcome = Literal["done", "failed", "timed out", "cancelled", "not started"]


class CommandRun(Struct, frozen=True, kw_only=True):
    """One process that condatui started: what, when, how long, and what came of it."""

    argv: tuple[str, ...]
    """Credentials masked."""
    started: datetime
    milliseconds: int
    exit_code: int | None
    """Negative if a signal ended it; None if it was not started."""
    outcome: Outcome
    message: str = ""
    """The last lines of stderr, or why it was not started; credentials masked."""

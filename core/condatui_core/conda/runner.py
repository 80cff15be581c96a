"""What it means to run a command: who runs it, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class Answer(Struct, frozen=True, kw_only=True):
    """What came of a command that ran to its end."""

    argv: tuple[str, ...]
    """As it was run, credentials and all."""
    exit_code: int
    """Negative if a signal ended it."""
    documents: tuple[object, ...] = ()
    """The JSON documents in stdout, in order."""
    stdout: str = ""
    """Bytes that are no UTF-8 are surrogates, as os.fsdecode makes them."""
    stderr: str = ""
    milliseconds: int = 0


class Runner(Protocol):
    """Runs a command to its end; raises CondaError if it cannot be started or does not end in time."""

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float) -> Answer:
        """Run a command with this environment and no other, for so many seconds at most."""
        ...

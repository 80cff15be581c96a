"""Who asks a conda."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from condatui_core.conda.conda_environ import Caller, reading_environ
from condatui_core.conda.runner import Answer, Runner
from condatui_core.records.installation import Installation


class Inquirer(Struct, frozen=True):
    """Puts questions to condas, and knows where to keep what they answer."""

    runner: Runner
    caller: Caller
    cache: Path
    """The directory for answers; it need not exist."""
    now: Callable[[], datetime]
    """The clock, with zone."""
    seconds: float
    """How long a conda may take for one answer."""

    async def read(self, installation: Installation, command: Sequence[str]) -> Answer:
        """Run a command that only reads; raises CondaError if it cannot be run or does not end in time."""
        environ = reading_environ(self.caller, installation)
        return await self.runner(command, environ=environ, seconds=self.seconds)

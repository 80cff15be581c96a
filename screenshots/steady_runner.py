"""A real conda that always answers at the same time and takes equally long, as far as the log can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone

from condatui_core.proc.runner import Answer, CommandLog, CommandRun, ProcessRunner

_WHEN = datetime(2026, 1, 5, 9, 41, 7, tzinfo=timezone.utc)
_MILLISECONDS = 284


class SteadyRunner:
    """Runs commands for real and logs them with a fixed time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._run = ProcessRunner(CommandLog(), now)
        self.log = CommandLog()

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        """Run a command to its end."""
        answer = await self._run(argv, environ=environ, seconds=seconds)
        run = CommandRun(
            argv=tuple(argv), started=_WHEN, milliseconds=_MILLISECONDS, exit_code=answer.exit_code, outcome="done"
        )
        self.log.add(run)
        return answer

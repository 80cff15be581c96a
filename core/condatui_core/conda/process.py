"""Run a command without waiting for it, and keep a log of every one that was run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from condatui_core.conda.errors import last_words, not_started, timed_out, too_much
from condatui_core.proc.child import STDERR, STDOUT, Output, run_group
from condatui_core.proc.runner import Answer, CommandLog, CommandRun, Outcome
from condatui_core.text import mask_credentials

MOST_BYTES = 64 * 1024 * 1024
"""What a command may write to stdout, and to stderr."""

_LARGE = 1024 * 1024
"""Bytes that would keep the event loop busy for long enough to be felt."""


class ProcessRunner:
    """The runner that really starts processes; each is logged when it is over, however it ended."""

    def __init__(
        self,
        log: CommandLog,
        now: Callable[[], datetime],
        *,
        most_bytes: int = MOST_BYTES,
        grace: float = 1.0,
        make_output: Callable[[int], Output] = Output,
    ) -> None:
        """`grace`: seconds between SIGTERM and SIGKILL. `make_output` collects what a command writes."""
        self._log = log
        self._now = now
        self._most_bytes = most_bytes
        self._grace = grace
        self._make_output = make_output

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        """Run a command; cancelling ends it with all its descendants.

        Raises CondaError if it cannot be started, takes more than so many seconds (None: as long as it likes), or
        writes too much.
        """
        started, clock = self._now(), time.monotonic()
        output = self._make_output(self._most_bytes)
        outcome: Outcome = "not started"
        reason, exit_code = "", None
        try:
            exit_code = await run_group(argv, environ, seconds=seconds, grace=self._grace, output=output)
            outcome = "done" if exit_code == 0 else "failed"
        except asyncio.TimeoutError:
            outcome = "timed out"
            raise timed_out(argv, seconds or 0) from None
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            failure = not_started(argv, error)
            reason = failure.detail
            raise failure from error
        finally:
            run = CommandRun(
                argv=tuple(mask_credentials(part) for part in argv),
                started=started,
                milliseconds=_since(clock),
                exit_code=exit_code,
                outcome=outcome,
                message=reason or last_words(_text(output, STDERR)),
            )
            self._log.add(run)
        if exit_code is None:
            raise too_much(argv, self._most_bytes)
        return Answer(
            argv=tuple(argv),
            exit_code=exit_code,
            documents=await _documents(output.written[STDOUT]),
            stdout=_text(output, STDOUT),
            stderr=_text(output, STDERR),
            milliseconds=run.milliseconds,
        )


async def _documents(written: bytearray) -> tuple[object, ...]:
    from condatui_core.conda.parsers import parse_documents  # noqa: PLC0415 - json is for when there is an answer

    if len(written) < _LARGE:
        return parse_documents(written)
    return await asyncio.to_thread(parse_documents, written)


def _text(output: Output, stream: int) -> str:
    return output.written[stream].decode("utf-8", "surrogateescape")


def _since(clock: float) -> int:
    return round((time.monotonic() - clock) * 1000)

"""Run a command to its end, and keep a log of every one that was run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from condatui_core.proc.child import (
    GRACE,
    STDERR,
    STDOUT,
    ChildNotStartedError,
    ChildTimedOutError,
    ChildWroteTooMuchError,
    Output,
    start_child,
    wait_at_most,
)
from condatui_core.text import last_lines, mask_credentials, shell_words

# The log of the commands that condatui ran, for users to read and copy.


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
    return f"$ {mask_credentials(shell_words(argv))}"


def _log(run: CommandRun) -> None:
    level = logging.DEBUG if run.outcome in ("done", "cancelled") else logging.WARNING
    if _logger.isEnabledFor(level):
        command = shell_words(run.argv)
        _logger.log(level, "%s after %d ms, exit code %s: %s", run.outcome, run.milliseconds, run.exit_code, command)
        if run.message:
            _logger.debug("its last words: %s", run.message)


# Runs a command to its end without blocking the event loop, within bounds, and logs it.


MOST_BYTES = 64 * 1024 * 1024
"""Bytes that a command may write to stdout, and to stderr."""
_DRAIN = 0.5
"""Seconds that descendants may keep a pipe open after the process itself has exited."""


async def run_to_end(
    argv: Sequence[str],
    environ: Mapping[str, str],
    output: Output,
    *,
    seconds: float | None,
    stdin: bytes | None = None,
    grace: float = GRACE,
    own_group: bool = True,
    on_terminal: bool = False,
) -> int:
    """Run a command until it exits; its exit code, negative if a signal ended it.

    `stdin` and `on_terminal` as for `start_child`. Raises ChildError if it cannot be started, takes more than `seconds`
    (None: no limit), or writes too much. In every case, cancellation included, no process of its group is left running.
    """
    child = await start_child(
        argv, environ, output, stdin=stdin, grace=grace, own_group=own_group, on_terminal=on_terminal
    )
    try:
        await asyncio.wait_for(output.over.wait(), seconds)
        if not output.too_much:
            await wait_at_most(output.closed, _DRAIN)
    except asyncio.TimeoutError:
        raise ChildTimedOutError(argv, seconds or 0) from None
    finally:
        await child.end()
    if output.too_much or child.exit_code is None:
        raise ChildWroteTooMuchError(argv, output.most_bytes)
    return child.exit_code


class Answer(Struct, frozen=True, kw_only=True):
    """The result of a command that ran to its end."""

    argv: tuple[str, ...]
    """The command as it was run, credentials included."""
    exit_code: int
    """Negative if a signal ended it."""
    stdout: str = ""
    """Bytes that are not UTF-8 become surrogates, as in os.fsdecode."""
    stderr: str = ""
    milliseconds: int = 0


class Runner(Protocol):
    """Runs a command to its end; raises ChildError if it does not get there."""

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        """Run a command with these variables and no others, for `seconds` at most."""
        ...


class ProcessRunner:
    """The runner that really starts processes; each is logged when it has ended, failed ones too."""

    def __init__(
        self,
        log: CommandLog,
        now: Callable[[], datetime],
        *,
        most_bytes: int = MOST_BYTES,
        grace: float = GRACE,
        make_output: Callable[[int], Output] = Output,
        summarize: Callable[[str], str] = last_lines,
        on_terminal: bool = False,
    ) -> None:
        """`grace` is the seconds between SIGTERM and SIGKILL. `make_output` makes the collector of a command's output,
        and `summarize` turns its stderr into a text for the log. `on_terminal` commands write their output to one.
        """
        self._log = log
        self._now = now
        self._most_bytes = most_bytes
        self._grace = grace
        self._make_output = make_output
        self._summarize = summarize
        self._on_terminal = on_terminal

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        """Run a command; a cancellation ends it with all its descendants. Raises ChildError as `run_to_end` does."""
        started, clock = self._now(), time.monotonic()
        output = self._make_output(self._most_bytes)

        def log(outcome: Outcome, exit_code: int | None = None, reason: str = "") -> int:
            run = CommandRun(
                argv=tuple(mask_credentials(part) for part in argv),
                started=started,
                milliseconds=round((time.monotonic() - clock) * 1000),
                exit_code=exit_code,
                outcome=outcome,
                message=reason or self._summarize(output.text(STDERR)),
            )
            self._log.add(run)
            return run.milliseconds

        try:
            exit_code = await run_to_end(
                argv, environ, output, seconds=seconds, grace=self._grace, on_terminal=self._on_terminal
            )
        except ChildNotStartedError as error:
            log("not started", reason=f"{error.reason}\n{command_line(argv)}")
            raise
        except ChildTimedOutError:
            log("timed out")
            raise
        except ChildWroteTooMuchError:
            log("failed")
            raise
        except asyncio.CancelledError:
            log("cancelled")
            raise
        return Answer(
            argv=tuple(argv),
            exit_code=exit_code,
            stdout=output.text(STDOUT),
            stderr=output.text(STDERR),
            milliseconds=log("failed" if exit_code else "done", exit_code),
        )

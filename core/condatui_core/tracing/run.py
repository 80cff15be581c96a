"""Runs a command in an environment to its end, to a time limit, or until it is stopped, and sees what it opens."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from condatui_core.proc.supervised import Graces, SupervisedChild
from condatui_core.records.usage import RunEnd, Trace
from condatui_core.tracing.maps import Sightings, can_be_seen
from condatui_core.tracing.notes import TraceNotes

_T = TypeVar("_T")
GRACES: Graces = ((signal.SIGINT, 4.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 3.0))
"""SIGINT goes first: a service that is stopped as by ctrl-c comes to its end in order, and can say what it loaded."""
_FIRST_LOOK, _SLOWER, _LAST_LOOK = 0.05, 1.4, 1.0
"""Seconds to the next look at the processes: a command opens most in the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCommand:
    """A command that is to be traced."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    """Its variables, as activation would leave them."""
    prefix: str
    directory: str
    """Where it runs."""
    output: int
    """The descriptor to which it writes, stdout and stderr alike."""
    seconds: float
    """How long it may run; 0 for as long as it likes."""
    graces: Graces = GRACES
    """The signals that end it, and how long each has to take effect."""


async def trace(command: TracedCommand, stop: asyncio.Event) -> Trace:
    """Run the command until it ends, for its seconds at most, or until `stop` is set; all descendants end with it.

    Cancelled, it ends the command first. Raises ChildNotStartedError, or CondatuiError if there is no place for what
    the command tells.
    """
    notes = await asyncio.to_thread(TraceNotes)
    try:
        return await _trace(command, notes, stop)
    finally:
        await _to_its_end(notes.remove)


async def _trace(command: TracedCommand, notes: TraceNotes, stop: asyncio.Event) -> Trace:
    begun, seen = time.monotonic(), Sightings()
    process = await _started(partial(_start, command, notes))
    try:
        end = await _watch(process, command.seconds, seen, stop)
        await asyncio.to_thread(_look, process, seen)
    finally:
        await _to_its_end(partial(process.end, command.graces))
    told = await asyncio.to_thread(notes.read)
    return Trace(
        command=command.argv,
        end=end,
        exit_code=process.exit_code(),
        seconds=time.monotonic() - begun,
        opened=frozenset(told.paths["o"] | told.paths["l"] | told.paths["w"]),
        written=frozenset(told.paths["w"]),
        mapped=frozenset(seen.mapped | told.paths["m"]),
        told=frozenset(told.pids),
        ended=frozenset(told.ended),
        without_hooks=tuple(sorted(told.without_hooks)),
        processes=seen.processes,
        overflowed=told.overflowed,
        sees_maps=can_be_seen(),
    )


def _start(command: TracedCommand, notes: TraceNotes) -> SupervisedChild:
    environ = notes.added_to(command.environ, command.prefix)
    output = command.output
    return SupervisedChild(
        command.argv, environ, stdout=output, stderr=output, directory=command.directory, guarded=True
    )


async def _started(start: Callable[[], SupervisedChild]) -> SupervisedChild:
    """Start the process; a caller that is cancelled meanwhile waits for it, to end it."""
    starting = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        (begun,) = await asyncio.gather(starting, return_exceptions=True)
        if not isinstance(begun, BaseException):
            await _to_its_end(begun.end)
        raise


async def _watch(process: SupervisedChild, seconds: float, seen: Sightings, stop: asyncio.Event) -> RunEnd:
    """Look at the processes, again and again, until the command is over or has to be."""
    deadline = time.monotonic() + seconds if seconds else None
    pause = _FIRST_LOOK
    while True:
        if await asyncio.to_thread(_look, process, seen):
            return "exited"
        left = pause if deadline is None else min(pause, deadline - time.monotonic())
        if left <= 0:
            return "timed-out"
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), left)
            return "stopped"
        pause = min(pause * _SLOWER, _LAST_LOOK)


def _look(process: SupervisedChild, seen: Sightings) -> bool:
    """Look at its processes; returns whether the command is over."""
    if process.exit_code() is not None:
        return True
    seen.look_at(process.pids())
    return process.exit_code() is not None


async def _to_its_end(function: Callable[[], _T]) -> _T:
    """Run a function in a thread to its end, also if this is cancelled meanwhile."""
    return await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(function)))

"""Run the probe in an environment's own Python, one at a time, and report each stage as soon as it is over."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.gpu.probe.environ import ProbeFiles, probe_environ, reported_variables
from condatui_core.proc.child import ChildNotStartedError, SendSignal
from condatui_core.proc.supervised import GRACES, Graces, SupervisedChild, process_state
from condatui_core.records.gpu_probe import Ended, Framework, ProbeBegun, ProbeRun, Stage, Variant

SCRIPT = Path(__file__).with_name("script.py")
_TICK = 0.05
"""Seconds between two looks at what a probe has said."""

_LONG_DEAD = 30.0
"""Seconds that condatui gets to end a probe before the probe ends itself."""

_Started: TypeAlias = tuple[SupervisedChild, ProbeFiles]

OnStage: TypeAlias = Callable[[Stage], None]
"""Is called with each stage when it is over."""


class Limits(Struct, frozen=True, kw_only=True):
    """How long a probe may say nothing, in seconds."""

    to_import: float
    """Until the framework is imported."""
    a_stage: float
    """Each later stage."""

    @property
    def to_end_itself(self) -> float:
        """When a probe ends itself, because condatui is gone and will not end it."""
        return 2 * max(self.to_import, self.a_stage) + _LONG_DEAD

    def after(self, stages: Sequence[Stage]) -> float:
        """How long the stage after these may take."""
        return self.to_import if not stages or isinstance(stages[-1], ProbeBegun) else self.a_stage


class Probe(Struct, frozen=True, kw_only=True):
    """Which framework to ask in which environment, and how."""

    prefix: str
    python: str
    """The executable."""
    python_version: str = ""
    framework: Framework = "torch"
    variables: tuple[tuple[str, str], ...] = ()
    """Those that the environment sets when it is activated."""
    variant: Variant = "as-is"

    def argv(self, result: str, *, seconds: float | None = None) -> tuple[str, ...]:
        """The command that asks: nothing but the environment itself is imported, nothing is written into it.

        It ends itself when a stage takes so many seconds.
        """
        limit = () if seconds is None else (f"{seconds:g}",)
        isolated = ("-E", "-s", "-B") if _is_ancient(self.python_version) else ("-I", "-B", "-X", "faulthandler")
        return (self.python, *isolated, str(SCRIPT), result, self.framework, *limit)


class Prober:
    """Runs probes one after the other, so that two never share a GPU or the memory of the machine."""

    def __init__(
        self, limits: Limits, environ: Mapping[str, str], *, graces: Graces = GRACES, send: SendSignal = os.killpg
    ) -> None:
        self._limits = limits
        self._environ = environ
        self._graces = graces
        self._send = send
        self._turn = asyncio.Lock()
        self._stuck: list[SupervisedChild] = []

    async def run(self, probe: Probe, on_stage: OnStage | None = None) -> ProbeRun:
        """Run a probe to its end, whatever that is; nothing that it has started is left running, unless it is stuck.

        Cancelled, it ends the probe first. Raises CondatuiError if there is no place for the probe's files.
        """
        async with self._turn:
            await asyncio.to_thread(self._reap)
            return await self._run(probe, on_stage)

    async def _run(self, probe: Probe, on_stage: OnStage | None) -> ProbeRun:
        begun = time.monotonic()
        environ = probe_environ(self._environ, probe.prefix, probe.variables, variant=probe.variant)
        variables = reported_variables(self._environ, environ)
        run = ProbeRun(framework=probe.framework, variant=probe.variant, variables=variables)
        try:
            process, files = await self._start(partial(self._begin, probe, environ))
        except (ChildNotStartedError, OSError) as error:
            return replace(run, ended="not-started", error=str(error), seconds=time.monotonic() - begun)
        stages: list[Stage] = []
        try:
            limit = await self._watch(process, files, stages, on_stage)
            survivor = await self._end(process)
            ended: Ended = "stuck" if survivor else "timed-out" if limit else "exited"
            run = replace(run, ended=ended, limit=limit, exit_code=process.exit_code(), pid=survivor or process.pid)
            run = await asyncio.to_thread(_complete, run, files, stages)
        finally:
            await self._leave(process, files)
        return replace(run, seconds=time.monotonic() - begun)

    def _begin(self, probe: Probe, environ: Mapping[str, str]) -> _Started:
        files = ProbeFiles()
        try:
            argv = probe.argv(files.result, seconds=self._limits.to_end_itself)
            process = SupervisedChild(
                argv,
                {**environ, **files.places},
                stdout=files.stdout,
                stderr=files.stderr,
                directory=files.working_directory,
                send=self._send,
            )
            return process, files
        except (ChildNotStartedError, OSError):
            files.remove()
            raise

    async def _start(self, begin: Callable[[], _Started]) -> _Started:
        """Start a process; a caller that is cancelled meanwhile waits for it, to end it."""
        starting = asyncio.ensure_future(asyncio.to_thread(begin))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            (begun,) = await asyncio.gather(starting, return_exceptions=True)
            if not isinstance(begun, BaseException):
                await self._leave(*begun)
            raise

    async def _watch(
        self, process: SupervisedChild, files: ProbeFiles, stages: list[Stage], on_stage: OnStage | None
    ) -> float:
        """Add what it says to `stages` until it ends; the limit if it said nothing for too long, else 0."""
        heard = time.monotonic()
        while True:
            over, new = await asyncio.to_thread(_look, process, files)
            for stage in new:
                heard = time.monotonic()
                stages.append(stage)
                if on_stage:
                    on_stage(stage)
            limit = self._limits.after(stages)
            if over:
                return 0.0
            if time.monotonic() - heard > limit:
                return limit
            await asyncio.sleep(_TICK)

    async def _end(self, process: SupervisedChild) -> int | None:
        """End what is left of it; the pid of what cannot be ended. A thread does it, which cannot be cancelled."""
        return await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(process.end, self._graces)))

    async def _leave(self, process: SupervisedChild, files: ProbeFiles) -> None:
        """See that nothing is left of it, whatever has happened."""

        def leave() -> None:
            if process.end(self._graces) and process.exit_code() is None:
                self._stuck.append(process)
            files.remove()

        await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(leave)))

    def _reap(self) -> None:
        """See whether those that were stuck have ended after all, so that they do not stay zombies."""
        self._stuck = [process for process in self._stuck if process.exit_code() is None]


def _look(process: SupervisedChild, files: ProbeFiles) -> tuple[bool, list[Stage]]:
    over = process.exit_code() is not None  # asked first: what is read then is all there is
    files.trim()
    return over, files.new_stages()


def _complete(run: ProbeRun, files: ProbeFiles, stages: list[Stage]) -> ProbeRun:
    return replace(
        run,
        stages=(*stages, *files.new_stages()),
        process_state=process_state(run.pid) if run.pid and run.ended == "stuck" else "",
        stdout=files.tail("stdout"),
        stderr=files.tail("stderr"),
    )


def _is_ancient(version: str) -> bool:
    """Whether this Python has no isolated mode."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < (3, 4)

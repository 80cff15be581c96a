"""The GPU check for the façade: what is known at once, what a check finds, what was found last time."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec.structs import replace

from condatui_core.gpu.diagnosis.build_rules import cpu_on_gpu
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.notes import evidence_of
from condatui_core.gpu.driver import read_driver
from condatui_core.gpu.examination import Examiner, GpuProgress, OnProgress, judge
from condatui_core.gpu.probe.prober import Limits, Prober
from condatui_core.gpu.result_cache import ResultCache, lasts
from condatui_core.gpu.static.reading import read_static
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.proc.runner import CommandLog
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.gpu import Driver, GpuResult, StaticFacts
from condatui_core.records.gpu_probe import ProbeRun
from condatui_core.settings import Locations, Settings

# What the GPU check has to say among the findings of an environment.


def gpu_findings(static: StaticFacts, driver: Driver | None, *, platform: str) -> tuple[Finding, ...]:
    """A finding for a torch without CUDA on a machine with an NVIDIA GPU; none where that is not sure."""
    if driver is None or not driver.present or platform == "darwin":
        return ()
    if static.torch.presence != "installed" or static.foreign:
        return ()
    evidence = Evidence(static, driver, platform=platform)
    verdict = cpu_on_gpu(evidence) if evidence.kind == "cpu" else None
    if verdict is None:
        return ()
    seen = tuple(f"{what}: {text}" for what, text in evidence_of(evidence))
    remedy = f"{verdict.remedy}: {verdict.command}" if verdict.command else verdict.remedy
    message = verdict.message
    return (
        Finding(
            id="cpu-torch-on-gpu",
            severity="warning",
            message=message,
            remedy=remedy,
            command=verdict.command,
            evidence=seen,
            source="gpu",
        ),
    )


# Whose environments are checked without being named.


_ROOT = 0


def checked_unasked(environments: Iterable[Environment], *, euid: int) -> tuple[Environment, ...]:
    """Leave out those of other users if this is root: to check one is to run its Python, with all that root may do."""
    return tuple(each for each in environments if euid != _ROOT or each.owner in ("", "root"))


ReadDriver: TypeAlias = Callable[[Mapping[str, str]], Awaitable[Driver]]


class GpuCheck:
    """Checks whether frameworks can compute on the GPUs of this machine, one environment after the other."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        log: CommandLog | None = None,
        ask_driver: ReadDriver = read_driver,
        platform: str = sys.platform,
    ) -> None:
        self._home = locations.home
        self._environ = environ
        self._clock = clock
        self._platform = platform
        self._ask_driver = ask_driver
        self._driver: Driver | None = None
        self._asking_driver = asyncio.Lock()
        self._import_seconds = settings.gpu_import_seconds
        self._own_uses = OwnUses(locations.own_uses)
        limits = Limits(to_import=settings.gpu_import_seconds, a_stage=settings.gpu_stage_seconds)
        self._examiner = Examiner(Prober(limits, environ), log or CommandLog(), clock)
        self._cache = ResultCache(locations.gpu_cache, environ=environ, clock=clock)
        self._cancellations = 0
        self._under_way: set[asyncio.Task[GpuResult]] = set()

    def static(self, environment: Environment) -> StaticFacts:
        """What the files of an environment say: milliseconds, no process; to be called in a thread."""
        return read_static(_read(environment), home=self._home, environ=self._environ)

    def remembered(self, environment: Environment) -> GpuResult | None:
        """What the last check came to, in whatever session, as long as it holds; to be called in a thread."""
        return self._cache.recall(_read(environment))

    async def driver(self) -> Driver:
        """The driver of this machine: asked once, for that takes a second, or ten if it is sick."""
        async with self._asking_driver:
            if self._driver is None:
                self._driver = await self._ask_driver(self._environ)
            return self._driver

    async def preliminary(self, environment: Environment) -> GpuResult:
        """What the files and the driver allow to say, without a run of the environment's Python."""
        static = await asyncio.to_thread(self.static, environment)
        return judge(static, await self._driver_for(static), at=self._clock(), platform=self._platform)

    async def check(
        self, environments: Iterable[Environment], *, anew: bool = True
    ) -> AsyncGenerator[GpuProgress | GpuResult, None]:
        """Check environments one after the other; each yields some progress, and then its result.

        Without `anew`, what was found before is taken where it still holds and does not depend on the driver's state.
        Leaving the generator, or `cancel`, ends what runs, without a result. Raises CondatuiError where nothing
        can be run at all.
        """
        turn = self._cancellations
        for environment in environments:
            async with aclosing(self._check(environment, anew=anew)) as reports:
                async for each in reports:
                    yield each
            if self._cancellations != turn:
                return

    def cancel(self) -> None:
        """End all checks that are under way."""
        self._cancellations += 1
        for task in self._under_way:
            task.cancel()

    async def _check(self, environment: Environment, *, anew: bool) -> AsyncGenerator[GpuProgress | GpuResult, None]:
        if not anew:
            known = await asyncio.to_thread(self.remembered, environment)
            if known is not None and lasts(known):
                yield known
                return
        heard: asyncio.Queue[GpuProgress | None] = asyncio.Queue()
        task = asyncio.create_task(self._examine(environment, heard.put_nowait))
        task.add_done_callback(lambda _: heard.put_nowait(None))
        self._under_way.add(task)
        try:
            while (progress := await heard.get()) is not None:
                yield progress
        finally:
            self._under_way.discard(task)
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            yield task.result()

    async def _examine(self, environment: Environment, on_progress: OnProgress) -> GpuResult:
        begun = time.monotonic()
        environment = await asyncio.to_thread(_read, environment)
        dependencies = await asyncio.to_thread(self._cache.dependencies, environment)
        static = await asyncio.to_thread(self.static, environment)
        driver = await self._driver_for(static)
        runs = await self._run(environment, static, on_progress)
        seconds = time.monotonic() - begun
        result = judge(static, driver, runs, at=self._clock(), platform=self._platform, seconds=seconds)
        await asyncio.to_thread(self._cache.keep, result, dependencies)
        return result

    async def _run(
        self, environment: Environment, static: StaticFacts, on_progress: OnProgress
    ) -> tuple[ProbeRun, ...]:
        """Run what there is, and note that condatui ran it, not the user."""
        at_most, before = timedelta(seconds=self._import_seconds), environment.last_used
        async with self._own_uses.noting(environment.prefix, self._clock, before=before, at_most=at_most):
            return await self._examiner.run(environment, static, on_progress)

    async def _driver_for(self, static: StaticFacts) -> Driver | None:
        """The driver, unless there is nothing here that would use it: a sick one need not be waited for then."""
        return await self.driver() if static.torch.presence != "absent" or static.others else None


def _read(environment: Environment) -> Environment:
    """An environment with its contents, be they read already or not."""
    if environment.contents is not None:
        return environment
    return replace(environment, contents=read_prefix(environment.prefix))

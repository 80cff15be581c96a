"""The GPU check, beside the screens: what is known without a run after each load, and runs when they are asked for."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.app import App
from textual.timer import Timer

from condatui.messages import GpuLearned
from condatui.session import Session
from condatui.view_models.gpu import GpuState, UnderCheck
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from condatui_core.gpu.check import GpuCheck
    from condatui_core.gpu.examination import GpuProgress
    from condatui_core.records.gpu import GpuResult


CHECKS_GROUP, LOOKING = "gpu", "gpu-look"
"""The workers that run checks, and those that look at files."""
_BATCH = 0.2
"""Seconds between two pictures of what is found by looking at files."""
_PATIENCE = 10.0
"""Seconds after which a stage is said to take long."""


class GpuMonitor:
    """Looks at what can be known at once, checks one environment after the other, and tells the app."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._state = GpuState()
        self._seen: dict[str, object] = {}
        """By prefix, the contents that were looked at."""
        self._queue: list[str] = []
        self._checking = False
        self._patience: Timer | None = None

    def look(self) -> None:
        """Find out, for environments that are new or have changed, what is known without running anything."""
        self._app.run_worker(self._look(), group=LOOKING, exclusive=True, exit_on_error=False, description="see GPUs")

    def want_anew(self) -> None:
        """Let the next look go over everything again."""
        self._seen.clear()

    def check(self, environments: Iterable[Environment]) -> None:
        """Check these after those that wait already."""
        self._queue += [each.prefix for each in environments if each.prefix not in self._queue]
        self._tell()
        if not self._checking:
            self._checking = True
            self._app.run_worker(self._check_all(), group=CHECKS_GROUP, exit_on_error=False, description="check GPUs")

    @property
    def at_work(self) -> bool:
        """Whether a check runs or waits."""
        return self._checking

    def cancel(self) -> None:
        """Give up what runs and what waits."""
        self._queue.clear()
        self._app.workers.cancel_group(self._app, CHECKS_GROUP)

    def end(self) -> None:
        """Take note that nothing is checked any more, whatever came of it."""
        self._checking = False
        self._work(None)

    async def _look(self) -> None:
        gpu = await asyncio.to_thread(self._gpu)
        told = time.monotonic()
        for environment in self._session.inventory.environments:
            if environment.contents is None or self._seen.get(environment.prefix) == environment.contents:
                continue
            known = await asyncio.to_thread(gpu.remembered, environment)
            self._take(known or await gpu.preliminary(environment))
            self._seen[environment.prefix] = environment.contents
            if time.monotonic() - told > _BATCH:
                told = time.monotonic()
                self._tell()
        self._tell()

    async def _check_all(self) -> None:
        gpu = await asyncio.to_thread(self._gpu)
        while self._queue:
            environments = {each.prefix: each for each in self._session.inventory.environments}
            if environment := environments.get(self._queue.pop(0)):  # it may be gone by now
                await self._check(gpu, environment)

    async def _check(self, gpu: GpuCheck, environment: Environment) -> None:
        from condatui_core.records.gpu import GpuResult  # noqa: PLC0415 - not before the first picture

        self._work(UnderCheck(environment.prefix))
        async with aclosing(gpu.check((environment,))) as told:
            async for each in told:
                if isinstance(each, GpuResult):
                    self._seen[environment.prefix] = environment.contents
                    self._take(each)
                else:
                    self._follow(each)
        self._work(None)

    def _follow(self, progress: GpuProgress) -> None:
        self._work(UnderCheck(progress.prefix, progress.framework, progress.variant, progress.stage))

    def _work(self, at_work: UnderCheck | None) -> None:
        self._state = replace(self._state, at_work=at_work)
        if self._patience:
            self._patience.stop()
        self._patience = self._app.set_timer(_PATIENCE, self._grow_impatient) if at_work else None
        self._tell()

    def _grow_impatient(self) -> None:
        if self._state.at_work:
            self._state = replace(self._state, at_work=replace(self._state.at_work, slow=True))
            self._tell()

    def _take(self, result: GpuResult) -> None:
        from condatui.view_models.gpu import gpus_in_words  # noqa: PLC0415 - not before the first picture
        from condatui_core.gpu.check import gpu_findings  # noqa: PLC0415 - as above

        driver = result.driver or self._state.driver
        findings = gpu_findings(result.static, result.driver, platform=sys.platform)
        self._state = replace(
            self._state,
            driver=driver,
            machine=gpus_in_words(driver) if driver else "",
            results={**self._state.results, result.prefix: result},
            findings={**self._state.findings, result.prefix: findings},
        )

    def _tell(self) -> None:
        self._state = replace(self._state, waiting=tuple(self._queue))
        self._app.post_message(GpuLearned(self._state))

    def _gpu(self) -> GpuCheck:
        return self._session.workbench.gpu

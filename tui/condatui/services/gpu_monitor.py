"""GPU checks beside the screens: a look at the files after each load, and test runs when the user asks for them."""

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
from condatui.workers import start_worker
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from condatui_core.gpu.check import GpuCheck
    from condatui_core.gpu.examination import GpuProgress
    from condatui_core.records.gpu import GpuResult


CHECKS_GROUP, LOOK_GROUP = "gpu", "gpu-look"
"""The worker groups of test runs and of looks at files."""
_BATCH = 0.2
"""Seconds between two messages during a look at files."""
_SLOW = 10.0
"""Seconds after which a stage counts as slow."""


class GpuMonitor:
    """Looks at files, checks one environment after the other, and posts the results to the app."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._state = GpuState()
        self._seen: dict[str, object] = {}
        """By prefix, the contents at the last look or check."""
        self._queue: list[str] = []
        self._checking = False
        self._slow_timer: Timer | None = None

    def look(self) -> None:
        """Find out what the files of new and changed environments say, without running anything."""
        start_worker(self._app, self._look, group=LOOK_GROUP, exclusive=True, description="see GPUs")

    def forget_looks(self) -> None:
        """Make the next look go over all environments again."""
        self._seen.clear()

    def check(self, environments: Iterable[Environment]) -> None:
        """Check these environments after those that wait already."""
        self._queue += [each.prefix for each in environments if each.prefix not in self._queue]
        self._post()
        self._start()

    def _start(self) -> None:
        """Begin with the checks that wait, unless one runs, or a cancelled one has not ended yet: then `end` begins."""
        if self._queue and not self._checking:
            self._checking = True
            start_worker(self._app, self._check_all, group=CHECKS_GROUP, description="check GPUs")

    @property
    def at_work(self) -> bool:
        """Whether a check runs or waits."""
        return self._checking

    def cancel(self) -> None:
        """Cancel the running check and those that wait."""
        self._queue.clear()
        self._app.workers.cancel_group(self._app, CHECKS_GROUP)

    def end(self) -> None:
        """Note that the checks are over, with a result or without; those asked for meanwhile begin."""
        self._checking = False
        self._set_under_check(None)
        self._start()

    async def _look(self) -> None:
        gpu = await asyncio.to_thread(self._gpu)
        posted = time.monotonic()
        for environment in self._session.inventory.environments:
            if environment.contents is None or self._seen.get(environment.prefix) == environment.contents:
                continue
            known = await asyncio.to_thread(gpu.remembered, environment)
            self._take(known or await gpu.preliminary(environment))
            self._seen[environment.prefix] = environment.contents
            if time.monotonic() - posted > _BATCH:
                posted = time.monotonic()
                self._post()
        self._post()

    async def _check_all(self) -> None:
        gpu = await asyncio.to_thread(self._gpu)
        while self._queue:
            environments = {each.prefix: each for each in self._session.inventory.environments}
            if environment := environments.get(self._queue.pop(0)):  # it may have been removed
                await self._check(gpu, environment)

    async def _check(self, gpu: GpuCheck, environment: Environment) -> None:
        from condatui_core.records.gpu import GpuResult  # noqa: PLC0415 - imported after the first drawing

        self._set_under_check(UnderCheck(environment.prefix))
        async with aclosing(gpu.check((environment,))) as events:
            async for each in events:
                if isinstance(each, GpuResult):
                    self._seen[environment.prefix] = environment.contents
                    self._take(each)
                else:
                    self._follow(each)
        self._set_under_check(None)

    def _follow(self, progress: GpuProgress) -> None:
        self._set_under_check(UnderCheck(progress.prefix, progress.framework, progress.variant, progress.stage))

    def _set_under_check(self, at_work: UnderCheck | None) -> None:
        self._state = replace(self._state, at_work=at_work)
        if self._slow_timer:
            self._slow_timer.stop()
        self._slow_timer = self._app.set_timer(_SLOW, self._mark_as_slow) if at_work else None
        self._post()

    def _mark_as_slow(self) -> None:
        if self._state.at_work:
            self._state = replace(self._state, at_work=replace(self._state.at_work, slow=True))
            self._post()

    def _take(self, result: GpuResult) -> None:
        from condatui.view_models.gpu import gpus_in_words  # noqa: PLC0415 - imported after the first drawing
        from condatui_core.gpu.check import gpu_findings  # noqa: PLC0415 - imported after the first drawing

        driver = result.driver or self._state.driver
        findings = gpu_findings(result.static, result.driver, platform=sys.platform)
        self._state = replace(
            self._state,
            driver=driver,
            machine=gpus_in_words(driver) if driver else "",
            results={**self._state.results, result.prefix: result},
            findings={**self._state.findings, result.prefix: findings},
        )

    def _post(self) -> None:
        self._state = replace(self._state, waiting=tuple(self._queue))
        self._app.post_message(GpuLearned(self._state))

    def _gpu(self) -> GpuCheck:
        return self._session.workbench.gpu

"""Carrying out a plan without a queue: what a job does is run, and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypeVar

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.client import run_conda
from condatui_core.proc.runner import CommandLog, ProcessRunner, Runner
from condatui_core.records.job import Outcome
from condatui_core.records.request import RemoveRequest, RestoreRequest

_T = TypeVar("_T")


def _runner() -> Runner:
    return ProcessRunner(CommandLog(), lambda: datetime.now(timezone.utc))


@dataclass
class PlainWork:
    """Runs what it is told and remembers it; `before_stage` may raise, or break something."""

    runner: Runner = field(default_factory=_runner)
    before_stage: Callable[[str], None] = lambda name: None
    job_id: str = "20260501-120000-0000"
    cancelled: bool = False
    stages: list[str] = field(default_factory=list)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    progressed: list[tuple[int, int | None, str]] = field(default_factory=list)

    async def stage(self, name: str, title: str) -> None:
        self.stages.append(name)
        self.before_stage(name)

    async def run(
        self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None = None
    ) -> CondaAnswer:
        self.ran.append(tuple(argv))
        return await run_conda(self.runner, argv, environ=environ, seconds=seconds or 300)

    def progress(self, done: int, total: int | None, unit: str) -> None:
        self.progressed.append((done, total, unit))

    def say(self, line: str) -> None:
        self.said.append(line)

    async def in_thread(self, function: Callable[[], _T]) -> _T:
        return await asyncio.to_thread(function)


async def removed(
    context: JobContext, *prefixes: object, work: PlainWork | None = None, **fields: bool
) -> tuple[str, ...]:
    """Plan a removal and carry it out; returns the restore points."""
    request = RemoveRequest(prefixes=tuple(map(str, prefixes)), **fields)
    plan = await remove_plan.plan(request, context)
    assert plan.blockers == ()
    return (await remove_perform.perform(plan, request, context, work or PlainWork())).restore_points


async def brought_back(context: JobContext, point: str, work: PlainWork | None = None) -> Outcome:
    """Plan a restore and carry it out."""
    request = RestoreRequest(id=point)
    plan = await restore_plan.plan(request, context)
    assert plan.blockers == ()
    return await restore_perform.perform(plan, request, context, work or PlainWork())

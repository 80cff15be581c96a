"""A queue of jobs that a test moves on by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from condatui_core.environment_files.export import ExportText
from condatui_core.records.finding import Finding
from condatui_core.records.job import Ended, Job, Outcome, Plan, StageBegun, Step
from condatui_core.records.request import Request
from condatui_core.records.restore_point import RestorePointSummary
from support.inventories import NOW


def made_job(title: str = "Remove research", **fields: object) -> Job:
    """A job of a plan with one command, queued unless told otherwise."""
    from condatui_core.records.request import RemoveRequest

    plan = Plan(
        request=RemoveRequest(prefixes=("/opt/miniforge3/envs/research",)),
        title=title,
        steps=(Step(title="Remove it with conda", argv=("conda", "remove", "-p", "/a b")),),
    )
    given: dict[str, object] = {"id": "1", "plan": plan, "state": "queued", "submitted": NOW, **fields}
    return Job(**given)  # type: ignore[arg-type]


def plan_like(request: Request, **fields: object) -> Plan:
    """A plan of a request with one step."""
    steps = (Step(title="Do it", argv=("conda", "do", "-p", "/a b")), Step(title="Look whether it happened"))
    given: dict[str, object] = {"title": f"Do {type(request).__name__}", "steps": steps, **fields}
    return Plan(request=request, **given)  # type: ignore[arg-type]


@dataclass
class FakeJobs:
    """Plans what a test says, and carries nothing out."""

    plans: dict[type, Callable[[Request], Plan | Exception]] = field(default_factory=dict)
    """By the kind of request; a plan with one step for those that are not there."""
    gate: asyncio.Event | None = None
    """What planning waits for."""
    check_writable: Callable[[], None] = lambda: None
    """Raises an error while no job is taken."""
    requests: list[Request] = field(default_factory=list)
    """All that were to be planned."""
    submitted: list[Plan] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    closed: int = 0
    asked: bool = False
    """Whether the user has agreed that the jobs are cancelled."""
    failure: Exception | None = None
    """Why the jobs of earlier runs cannot be read."""
    left_over: tuple[Job, ...] = ()
    """What was interrupted earlier."""
    newer: tuple[Finding, ...] = ()
    """What is said of the journals of a newer condatui."""
    damaged: tuple[Finding, ...] = ()
    """What is said of journals that cannot be read."""
    points: tuple[RestorePointSummary, ...] = ()
    preview_text: str = "name: research\n"
    preview_error: Exception | None = None
    all: dict[str, Job] = field(default_factory=dict)
    callbacks: list[Callable[[Job], None]] = field(default_factory=list)

    async def plan(self, request: Request) -> Plan:
        self.requests.append(request)
        if self.gate:
            await self.gate.wait()
        answer = self.plans.get(type(request), plan_like)(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def submit(self, plan: Plan) -> Job:
        self.check_writable()
        self.submitted.append(plan)
        return self.put(made_job(id=f"job-{len(self.submitted)}", plan=plan))

    def put(self, job: Job) -> Job:
        """Let a job be so from now on."""
        self.all[job.id] = job
        for tell in tuple(self.callbacks):
            tell(job)
        return job

    def begin(self, id: str, title: str = "Doing it") -> Job:  # noqa: A002
        stage = StageBegun(at=NOW, name="do", title=title)
        return self.put(replace(self.all[id], state="running", started=NOW, stage=stage))

    def end(self, id: str, message: str, state: str = "done") -> Job:  # noqa: A002
        ended = Ended(at=NOW, state=state, message=message, outcome=Outcome(message=message))  # type: ignore[arg-type]
        return self.put(replace(self.all[id], state=state, ended=NOW, end=ended))

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(sorted(self.all.values(), key=lambda job: (job.submitted, job.id), reverse=True))

    @property
    def writing(self) -> bool:
        return not all(job.over for job in self.jobs)

    def cancel(self, id: str) -> None:  # noqa: A002
        self.cancelled.append(id)

    def subscribe(self, callback: Callable[[Job], None]) -> Callable[[], None]:
        self.callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self.callbacks:
                self.callbacks.remove(callback)

        return unsubscribe

    async def recall(self) -> tuple[Job, ...]:
        if self.failure:
            raise self.failure
        return self.jobs

    async def interrupted(self) -> tuple[Job, ...]:
        self.all |= {job.id: job for job in self.left_over}
        return self.left_over

    async def settle(self, id: str) -> None:  # noqa: A002
        self.settled.append(id)

    async def close(self, *, asked: bool = False) -> bool:
        self.closed += 1
        self.asked = self.asked or asked
        return True

    async def preview(self, request: Request) -> ExportText:
        if self.preview_error:
            raise self.preview_error
        return ExportText(text=self.preview_text, notes=("The editable install is not in it",))

    async def restore_points(self) -> tuple[RestorePointSummary, ...]:
        return self.points

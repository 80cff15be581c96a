"""An action that touches nothing but one directory, stops where a test wants it to, and a queue that carries it out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from condatui_core.actions.protocol import Action, JobContext, Work
from condatui_core.jobs.queue import JobQueue
from condatui_core.proc.runner import CommandLog
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import Finding
from condatui_core.records.job import Outcome, Plan, Recovery, Step
from condatui_core.records.request import CloneRequest, RemoveRequest, Request
from support.contexts import made_context, now

STAGES = ("make", "fill", "finish")


async def go_on(stage: str) -> None:
    """Stop nowhere."""


@dataclass
class MakeDirectory:
    """Makes the target of a clone request in three stages: the directory, its contents by a command, a last file."""

    at: Callable[[str], Awaitable[None]] = go_on
    """Called when a stage has begun and half of it is done."""
    script: str = "echo filled > half"
    """What a shell runs in the directory."""
    blockers: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    confirm: str = ""
    amiss: tuple[Finding, ...] = ()
    """What the outcome has found."""
    performed: list[str] = field(default_factory=list)
    """Targets, as their turn came."""
    looked: list[str] = field(default_factory=list)
    """Stages after which somebody asked what there is."""

    async def plan(self, request: CloneRequest, context: JobContext) -> Plan:
        steps = (Step(title="Make the directory"), Step(title="Fill it", argv=("sh", "-c", self.script)))
        return Plan(
            request=request,
            title=f"Make {Path(request.target).name}",
            steps=steps,
            prefixes=(request.target,),
            blockers=self.blockers,
            warnings=self.warnings,
            confirm=self.confirm,
        )

    async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
        self.performed.append(request.target)
        target = Path(request.target)
        await work.stage("make", "Making the directory")
        target.mkdir()
        await self.at("make")
        await work.stage("fill", "Filling it")
        await self.at("fill")
        await work.run(("sh", "-c", f"cd '{target}'; {self.script}"), environ={"PATH": os.environ["PATH"]})
        await work.stage("finish", "Finishing it")
        await work.in_thread((target / "whole").touch)
        await self.at("finish")
        return Outcome(message=f"{target.name} was made", files=(str(target),), findings=self.amiss)

    async def recover(self, plan: Plan, request: CloneRequest, stage: str, context: JobContext) -> Recovery:
        self.looked.append(stage)
        if not os.path.lexists(request.target):
            return Recovery(state="untouched", message="There is no directory.")
        if os.path.exists(f"{request.target}/whole"):
            return Recovery(state="done", message="The directory is whole.")
        way_out = RemoveRequest(prefixes=(request.target,), restore_point=False)
        message, title = "The directory is half-made.", "Remove the half-made directory"
        return Recovery(state="half", message=message, way_out=way_out, way_out_title=title)


async def stay(stage: str) -> None:
    """Stop for good."""
    await asyncio.Event().wait()


def request(directory: Path, name: str = "new") -> CloneRequest:
    """Make this directory."""
    return CloneRequest(source="/nowhere", target=str(directory / name))


def queue_of(
    home: Path, action: object, grace: float = 0.3, check_writable: Callable[[], None] = lambda: None
) -> JobQueue:
    """A queue that carries out every request by this action, for a user with this home."""
    context = made_context(Inventory(), home)

    async def job_context() -> JobContext:
        return context

    def find_action(_: Request) -> Action[Any]:
        return cast("Action[Any]", action)

    log = CommandLog()
    return JobQueue(
        context.locations,
        job_context,
        log=log,
        clock=now,
        find_action=find_action,
        check_writable=check_writable,
        grace=grace,
    )

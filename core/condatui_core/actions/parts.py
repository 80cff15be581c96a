"""What the jobs of several parts share: the stages of a part, and what is left when the job ends in one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from condatui_core.actions.protocol import Action, FindAction, JobContext, Work, stopped_by
from condatui_core.conda.answer import CondaAnswer
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import LeftOut, Outcome, Plan, Recovery
from condatui_core.records.request import Request
from condatui_core.text import counted, sanitize

_T = TypeVar("_T")


async def find_part_action(part: Request, find_action: FindAction) -> Action[Any]:
    """Find the action of a part, in a thread, since that may import it."""
    return await asyncio.to_thread(find_action, part)


def stage_name(number: int, name: str) -> str:
    """The name of a stage of a part, counted from 1: `2:remove`."""
    return f"{number}:{name}"


@dataclass(frozen=True, slots=True)
class PartWork:
    """The `Work` of one part of a job: the journal tells its stages apart by the number of the part."""

    work: Work
    number: int

    @property
    def job_id(self) -> str:
        """The id of the whole job."""
        return self.work.job_id

    @property
    def cancelled(self) -> bool:
        """Whether the whole job was cancelled."""
        return self.work.cancelled

    async def stage(self, name: str, title: str) -> None:
        """Go on to the next stage of the part."""
        await self.work.stage(stage_name(self.number, name), title)

    async def run(
        self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None = None
    ) -> CondaAnswer:
        """Run a command, as the whole job would."""
        return await self.work.run(argv, environ=environ, seconds=seconds)

    def progress(
        self, done: int, total: int | None, unit: Literal["bytes", "files", "packages", "environments", "percent"]
    ) -> None:
        """Report how far the stage has come."""
        self.work.progress(done, total, unit)

    def say(self, line: str) -> None:
        """Add a line to the output."""
        self.work.say(line)

    async def in_thread(self, function: Callable[[], _T]) -> _T:
        """Run a blocking function in a thread."""
        return await self.work.in_thread(function)


async def perform_part(
    part: Plan, number: int, context: JobContext, work: Work, *, find_action: FindAction, first: bool
) -> Outcome | Finding:
    """Carry out one part; why it failed, if something was done before it. The error of the `first` one is raised."""
    action = await find_part_action(part.request, find_action)
    try:
        outcome: Outcome = await action.perform(part, part.request, context, PartWork(work, number))
    except Exception as error:  # however a part fails, what those before it have done is told
        if first:
            raise
        return stopped_by(error, f"{sanitize(part.title)} failed, so nothing after it was begun.")
    return outcome


def left_out_findings(left_out: Iterable[LeftOut]) -> Iterator[Finding]:
    """What is said of the parts that stay."""
    for each in left_out:
        first, *_ = each.blockers
        lines = (line for found in each.blockers for line in (found.message, *found.evidence))
        yield finding("left-out", "warning", f"Left out: {each.title}. {first.message}", first.remedy, lines)


# What an interrupted job of several parts has left


Gather = Callable[[Sequence[Request]], Request | None]
"""Makes one request of those that are left; None if some of them cannot be a part of it."""


async def recovery_of_parts(
    plan: Plan, stage: str, context: JobContext, *, find_action: FindAction, gather: Gather, whole: str
) -> Recovery:
    """Say what is there; the way out finishes the part that was hit, and then the rest. `whole` names all of it."""
    number, _, inner = stage.partition(":")
    if not number.isdecimal() or not 0 < int(number) <= len(plan.parts):
        return Recovery(state="untouched", message="Nothing was done: no part was begun.")
    place = int(number)
    hit = plan.parts[place - 1]
    action = await find_part_action(hit.request, find_action)
    found: Recovery = await action.recover(hit, hit.request, inner, context)
    return _together(plan.parts, place, found, gather, whole)


def _together(parts: Sequence[Plan], place: int, hit: Recovery, gather: Gather, whole: str) -> Recovery:
    after = parts[place:]
    if place == 1 and hit.state == "untouched":
        return Recovery(state="untouched", message=hit.message)
    if not after and hit.state == "done":
        return Recovery(state="done", message=f"All parts are done. {hit.message}")
    rest = tuple(_rest(parts[place - 1], hit, after))
    gathered = gather(rest)
    return Recovery(
        state="half",
        message=" ".join(_said(parts[: place - 1], hit, after)),
        # What puts the part right may be no part itself.
        way_out=gathered if gathered is not None or not rest else hit.way_out,
        way_out_title=_title(hit, after, whole),
    )


def _said(before: Sequence[Plan], hit: Recovery, after: Sequence[Plan]) -> Iterator[str]:
    yield from (f"{sanitize(each.title)}: done." for each in before)
    yield hit.message
    if after:
        yield f"{counted(len(after), 'part was', 'parts were')} not begun."


def _rest(part: Plan, hit: Recovery, after: Sequence[Plan]) -> Iterator[Request]:
    """The requests that are left, what finishes the part that was hit first."""
    if hit.state == "untouched":
        yield part.request
    elif hit.way_out is not None:
        yield hit.way_out
    yield from (each.request for each in after)


def _title(hit: Recovery, after: Sequence[Plan], whole: str) -> str:
    if not after:
        return hit.way_out_title or f"Finish {whole}"
    return f"{hit.way_out_title}, and then the rest of {whole}" if hit.way_out_title else f"Finish {whole}"

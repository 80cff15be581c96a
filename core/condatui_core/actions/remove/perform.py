"""Remove environments: what conda could not put back is kept first, and the disk is asked whether they are gone."""

from __future__ import annotations

from functools import partial

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.remove.keep import prune_points
from condatui_core.actions.remove.removal import Removal, Removed
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import RemoveRequest
from condatui_core.text import counted, format_bytes, sanitize


async def perform(plan: Plan, request: RemoveRequest, context: JobContext, work: Work) -> Outcome:
    """Remove one after the other; one that fails does not keep the others from going, unless the request says so.

    Raises CondatuiError if none of them went.
    """
    removed = Removed()
    agreed = plan.removal.over_limit if plan.removal else ()
    for number, prefix in enumerate(request.prefixes):
        work.progress(number, len(request.prefixes), "environments")
        try:
            await Removal(prefix, plan, request, context, work, removed).carry_out(limited=prefix not in agreed)
        except Exception as error:  # however one fails, what became of the others is told
            if len(request.prefixes) == 1:
                raise
            removed.errors.append(told := unexpected(error))
            removed.findings.append(_failed(prefix, told))
            if request.stops:
                break
    if removed.points and plan.removal:
        prune = partial(prune_points, context, agreed=plan.removal.prunes, spare=removed.points)
        for pruned in await work.in_thread(prune):
            work.say(f"restore point {pruned.point.id} ({format_bytes(pruned.bytes)}) is deleted")
    if not removed.names:
        raise removed.errors[0]
    return _outcome(removed, stopped=request.stops and bool(removed.errors))


def _outcome(removed: Removed, *, stopped: bool) -> Outcome:
    what = (
        f"{sanitize(removed.names[0])} was"
        if len(removed.names) == 1
        else f"{counted(len(removed.names), 'environment')} were"
    )
    kept = f", {format_bytes(removed.kept)} kept in {_count(removed.points)}" if removed.points else ""
    failed = f"; {counted(len(removed.errors), 'was', 'were')} not" if removed.errors else ""
    along = f" {counted(len(removed.kernels), 'Jupyter kernel')} went along." if removed.kernels else ""
    return Outcome(
        message=f"{what} removed: {format_bytes(removed.freed)} freed{kept}{failed}.{along}",
        findings=tuple(removed.findings),
        stopped=stopped,
        bytes_freed=removed.freed - removed.kept,
        kept_bytes=removed.kept,
        says_bytes=not removed.kept,
        restore_points=tuple(removed.points),
    )


def _count(points: list[str]) -> str:
    return f"restore point {points[0]}" if len(points) == 1 else counted(len(points), "restore point")


def _failed(prefix: str, error: CondatuiError) -> Finding:
    lines = map(sanitize, error.detail.splitlines())
    return blocker("not-removed", f"{sanitize(prefix)}: {error.title}", error.advice, lines)

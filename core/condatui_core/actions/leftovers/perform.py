"""Deletes leftovers: looked at again, kept in a restore point, deleted by descriptor, and looked for afterwards."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.checkpoint import Checkpoint, make_checkpoint, subject_of
from condatui_core.actions.guards import refuse
from condatui_core.actions.leftovers.facts import BEFORE_DELETING, read_leftovers
from condatui_core.actions.leftovers.plan import blockers_of
from condatui_core.actions.protocol import JobContext, Work, stopped_by
from condatui_core.actions.python_start import python_problem
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import Leftover
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_tree
from condatui_core.prefixes.leftovers import Leftovers, freed_by, leftovers_in
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.finding import Finding
from condatui_core.records.job import Outcome, Plan, PlannedLeftovers
from condatui_core.records.request import LeftoversRequest
from condatui_core.restore_points.store import bytes_of_point, directory_of_points
from condatui_core.text import counted, first_of, format_bytes, sanitize

_MOST_LINES = 20


async def perform(plan: Plan, request: LeftoversRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Delete the leftovers of one environment after the other, and stop at the first surprise.

    If it is the first one that fails, its error is raised: then nothing else was done.
    """
    done: list[_Done] = []
    for number, planned in enumerate(plan.leftovers):
        work.progress(number, len(plan.leftovers), "environments")
        try:
            done.append(await _carry_out(planned, context, work))
        except Exception as error:  # however one fails, what those before it have freed is told
            if not done:
                raise
            return _outcome(done, stopped_by(error, f"{sanitize(planned.prefix)} failed: nothing after it was begun."))
    return _outcome(done)


def _outcome(done: Sequence[_Done], *stopped: Finding) -> Outcome:
    freed, kept = sum(each.freed for each in done), sum(each.kept for each in done)
    what = sanitize(done[0].name) if len(done) == 1 else counted(len(done), "environment")
    points = tuple(each.point for each in done)
    saved = f"restore point {points[0]} has them" if len(points) == 1 else f"{len(points)} restore points have them"
    return Outcome(
        message=f"The leftovers in {what} are gone: {format_bytes(freed)} freed; {saved}, {format_bytes(kept)}.",
        findings=stopped,
        stopped=bool(stopped),
        bytes_freed=freed - kept,
        kept_bytes=kept,
        says_bytes=True,
        restore_points=points,
    )


@dataclass(frozen=True, slots=True)
class _Done:
    name: str
    point: str
    freed: int
    kept: int


async def _carry_out(planned: PlannedLeftovers, context: JobContext, work: Work) -> _Done:
    prefix = planned.prefix
    await work.stage("look", f"Looking at {sanitize(prefix)}")
    (target,) = await read_leftovers(LeftoversRequest(prefixes=(prefix,)), context)
    refuse(blockers_of(target))
    name = sanitize(target.name)
    if target.planned != planned:
        raise RefusedError(f"What lies in {name} is not what was planned any more.", prefix, "Plan it again.")
    await work.stage("keep", f"Making a restore point of {name}")
    subject = subject_of(prefix, context, BEFORE_DELETING)
    making = partial(make_checkpoint, subject, context, work, limited=not planned.over_limit)
    kept = await work.in_thread(making)
    work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")
    await work.stage("delete", f"Deleting what no python reads in {name}")
    freed = await work.in_thread(partial(_delete, planned, kept))
    await work.stage("verify", f"Verifying {name}")
    problem = await work.in_thread(partial(_problem, kept, prefix))
    installation = context.installation(target.environment)
    if problem or (problem := await python_problem(prefix, installation, context, work)):
        raise CondatuiError(f"{name} is not as it should be.", sanitize(problem), _way_back(kept))
    directory = directory_of_points(context.settings, context.locations)
    size = await work.in_thread(partial(bytes_of_point, directory, kept.point.id))
    return _Done(target.name, kept.point.id, freed, size)


def _delete(planned: PlannedLeftovers, kept: Checkpoint) -> int:
    """Delete what is as it was kept; returns the bytes that this frees. CondatuiError if something stays."""
    found = [each for each in leftovers_in(kept.snapshot) if each.top in planned.paths]
    left: list[Leftover] = []
    try:
        with HeldTree(planned.prefix, planned.identity) as tree:
            for each in found:
                left += _delete_from(tree, each, kept)
            sync_tree(planned.prefix)
    except OSError as error:
        where = f"{error.filename or planned.prefix}: {reason(error)}"
        raise CondatuiError("The leftovers could not be deleted.", where, _way_back(kept)) from error
    if left:
        lines = "\n".join(map(sanitize, first_of([*map(str, left)], _MOST_LINES)))
        title = f"{counted(len(left), 'thing')} could not be deleted, or has changed since it was kept."
        raise CondatuiError(title, lines, _way_back(kept))
    return freed_by(found)


def _delete_from(tree: HeldTree, leftovers: Leftovers, kept: Checkpoint) -> Sequence[Leftover]:
    """Delete one of them; what a record of conda states stays, and is no failure."""
    going = {each.path for each in leftovers.going}
    directories = {each.path for each in kept.snapshot.tree.entries if each.kind == "directory"} & leftovers.kept
    unchanged = kept.snapshot.sees_unchanged()

    def goes(path: str, status: os.stat_result) -> bool:
        inside = leftovers.top if path == "." else f"{leftovers.top}/{path}"
        return (inside in going or inside in directories) and unchanged(inside, status)

    return [each for each in tree.delete_what_goes(leftovers.top, goes) if each.path not in leftovers.kept]


def _problem(kept: Checkpoint, prefix: str) -> str:
    """What is wrong with the environment that was not so before; empty if nothing is."""
    now, before = read_records(prefix), kept.snapshot
    if now.contents.packages != before.contents.packages:
        return "The records of its packages have changed."
    if now.contents.distributions != before.contents.distributions:
        return "What pip has installed for its python has changed."
    if before.has_all_files and not now.has_all_files:
        return "A file of a package is gone."
    return ""


def _way_back(kept: Checkpoint) -> str:
    return f"Restore point {kept.point.id} has it as it was."

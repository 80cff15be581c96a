"""Joins what was planned: looked for again, compared while nobody writes to it, and told as far as it was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.guards import refuse
from condatui_core.actions.joined_files import clear_earlier
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.relink.facts import read_facts
from condatui_core.actions.relink.joining import Joined, join_all
from condatui_core.actions.relink.plan import environments_of, left_alone, plan_of
from condatui_core.disk.tree_store import forget_shared_blocks
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.relinking import RelinkSurvey, SameFiles
from condatui_core.records.request import RelinkRequest
from condatui_core.remedy import FreeSpace
from condatui_core.text import counted, format_bytes, sanitize

_MOST_LINES = 20


async def perform(plan: Plan, request: RelinkRequest, context: JobContext, work: Work) -> Outcome:
    """Store once what is still the same; nothing in environments that the plan did not know.

    Raises RefusedError if files would become hard links that were to share blocks, CondatuiError if nothing was joined
    because the disk is full or fails.
    """
    await work.stage("tidy", "Looking for what interrupted jobs have left")
    directory = context.locations.relinked
    tidied = await work.in_thread(partial(clear_earlier, directory))
    await work.stage("look", "Looking for what is stored several times")
    facts = await read_facts(request, context)
    if tidied and not facts.survey.sets:
        return Outcome(message=f"{counted(tidied, 'temporary name')} deleted; nothing else is stored several times.")
    now = plan_of(facts, context)
    refuse(now.blockers)
    if plan.relink and now.relink and plan.relink.method != now.relink.method == "hardlink":
        raise RefusedError("Files would become hard links that were to share blocks.", hint="Plan it again.")
    survey = _of_the_plan(facts.survey, plan, context)
    await work.stage("join", f"Storing the contents of {counted(len(survey.sets), 'set')} of files once")
    joined = await work.in_thread(partial(_join, survey, context, work))
    return _outcome(plan, survey, joined)


def _join(survey: RelinkSurvey, context: JobContext, work: Work) -> Joined:
    joined = join_all(survey, context.locations.relinked, work)
    if any(method == "reflink" for _, method in survey.methods):
        with suppress(OSError):  # then the sizes are old for ten minutes
            forget_shared_blocks(context.locations.disk_cache)
    return joined


def _of_the_plan(survey: RelinkSurvey, plan: Plan, context: JobContext) -> RelinkSurvey:
    """What was found in the environments that the plan has named, and in package caches."""
    new = environments_of(survey, context) - frozenset(plan.prefixes)
    sets = (same for same in survey.sets if not new & _holders(same))
    return replace(survey, sets=tuple(sets)) if new else survey


def _holders(same: SameFiles) -> frozenset[str]:
    return frozenset(file.holder for inode in (same.kept, *same.joined) for file in inode.paths)


def _outcome(plan: Plan, survey: RelinkSurvey, joined: Joined) -> Outcome:
    tally = joined.tally
    if joined.failed and not tally.files:
        raise CondatuiError("Nothing could be joined.", sanitize(str(joined.failed)), FreeSpace())
    return Outcome(
        message=f"{counted(tally.files, 'file')} stored once with others: {format_bytes(tally.freed)} freed.",
        findings=tuple(_findings(survey, joined)),
        stopped=joined.failed is not None,
        bytes_freed=tally.freed,
        predicted_bytes=plan.bytes_freed,
        says_bytes=True,
    )


def _findings(survey: RelinkSurvey, joined: Joined) -> Iterator[Finding]:
    if joined.failed:
        message = "It stopped before all was joined; every path has its content."
        yield blocker("stopped", message, FreeSpace(), (sanitize(str(joined.failed)),))
    if skipped := joined.tally.skipped:
        message = f"Not joined after all: {left_alone(skipped)}."
        yield finding("not-joined", "warning", message)
    if joined.left:
        message = f"{counted(len(joined.left), 'temporary name')} could not be deleted; the next relink tries again."
        yield finding("left-behind", "warning", message, evidence=joined.left, most=_MOST_LINES)
    if survey.skipped:
        yield finding("left-alone", "note", f"Left alone: {left_alone(survey.skipped)}.")

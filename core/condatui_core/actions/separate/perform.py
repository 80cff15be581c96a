"""Copies what is still joined, and tells what was copied."""

from __future__ import annotations

from functools import partial

from condatui_core.actions.guards import refuse
from condatui_core.actions.joined_files import clear_earlier
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.separate.copying import Separated, separate_all
from condatui_core.actions.separate.plan import plan_of, read_facts
from condatui_core.errors import CondatuiError
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import SeparateRequest
from condatui_core.remedy import FreeSpace
from condatui_core.text import counted, format_bytes, sanitize

_MOST_LINES = 20


async def perform(plan: Plan, request: SeparateRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Put a copy in the place of each file that is joined with others; what somebody writes to stays as it is.

    Raises CondatuiError if nothing was copied because the disk is full or fails.
    """
    await work.stage("tidy", "Looking for what interrupted jobs have left")
    directory = context.locations.relinked
    tidied = await work.in_thread(partial(clear_earlier, directory))
    await work.stage("look", "Looking for files that are joined")
    facts = await read_facts(request, context)
    if tidied and not facts.files:
        return Outcome(message=f"{counted(tidied, 'temporary name')} deleted; no file is joined with others.")
    refuse(plan_of(facts).blockers)
    await work.stage("copy", f"Copying {counted(len(facts.files), 'file')} of {sanitize(facts.name)}")
    done = await work.in_thread(partial(separate_all, facts.observed.real, facts.files, directory, work))
    return _outcome(facts.name, done)


def _outcome(name: str, done: Separated) -> Outcome:
    if done.failed and not done.files:
        raise CondatuiError("Nothing could be copied.", sanitize(str(done.failed)), FreeSpace())
    findings: list[Finding] = []
    if done.failed:
        message = "It stopped before all was copied; every path has its content."
        findings.append(blocker("stopped", message, FreeSpace(), (sanitize(str(done.failed)),)))
    if done.left:
        message = f"{counted(len(done.left), 'file')} could not be copied."
        findings.append(finding("left-behind", "warning", message, evidence=done.left, most=_MOST_LINES))
    if done.behind:
        message = f"{counted(len(done.behind), 'temporary name')} could not be deleted; the next relink tries again."
        findings.append(finding("left-behind", "warning", message, evidence=done.behind, most=_MOST_LINES))
    verb = "is" if done.files == 1 else "are"
    return Outcome(
        message=f"{counted(done.files, 'file')} of {sanitize(name)} {verb} its own: {format_bytes(done.used)} used.",
        findings=tuple(findings),
        stopped=done.failed is not None,
        bytes_freed=-done.used,
        bytes_used=done.used,
        says_bytes=True,
    )

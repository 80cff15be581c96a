"""Exports several environments into a directory, a file each, and an index; only what has changed is written.

A file that condatui has not written there is replaced only if asked to. Each file is written whole or not at all, so
that an interrupted export leaves whole ones, and the next one goes on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from condatui_core.actions.export.one_file import check_read_back, options_in_words
from condatui_core.actions.export.survey import ExportSurvey, Target, stands_against, survey_export
from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.written_files import make_directory, write_file
from condatui_core.environment_files.export import check_options
from condatui_core.environment_files.export_directory import file_ending
from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import begun_beside
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import ExportChange, Outcome, Plan, PlannedExport, Recovery, Step
from condatui_core.records.request import ExportAllRequest
from condatui_core.text import counted, sanitize, some_of

_MOST_NAMES = 12
_CHANGES: tuple[tuple[ExportChange, str], ...] = (
    ("new", "new"),
    ("changed", "changed"),
    ("same", "the same"),
    ("not-read", "not read, as they were"),
)


async def plan(request: ExportAllRequest, context: JobContext) -> Plan:
    """Plan the files that come and change. UsageError if the options contradict each other."""
    check_options(request)
    survey = await asyncio.to_thread(survey_export, request, context)
    return await asyncio.to_thread(plan_of, request, survey)


def plan_of(request: ExportAllRequest, survey: ExportSurvey) -> Plan:
    """Build the plan from what was found."""
    written = survey.written
    return Plan(
        request=request,
        title=f"Export {_which(request, survey)} to {_pattern(request)}",
        steps=tuple(_steps(request, survey)),
        bytes_needed=sum(len(each.content) for each in written),
        packages=sum(each.export.packages for each in written if each.export),
        facts=tuple(_facts(request, survey)),
        warnings=(*survey.left_out, *_notes(survey)),
        blockers=survey.blockers,
        exports=tuple(
            PlannedExport(prefix=each.environment.prefix, file=each.file, change=each.change)
            for each in survey.targets
            if each.environment
        ),
    )


def _which(request: ExportAllRequest, survey: ExportSurvey) -> str:
    count = len(survey.targets) or len(request.prefixes)
    if not count:
        return "all environments"
    written = f"{len(survey.written)} of " if 0 < len(survey.written) < count else ""
    return f"{written}{counted(count, 'environment')}"


def _pattern(request: ExportAllRequest) -> str:
    return f"{sanitize(request.directory)}/NAME{file_ending(request.format)}"


def _steps(request: ExportAllRequest, survey: ExportSurvey) -> Iterator[Step]:
    directory = sanitize(request.directory)
    if survey.blockers:
        return
    if not os.path.isdir(request.directory):
        yield Step(title=f"Make {directory}")
    if survey.written:
        them = "it" if len(survey.written) == 1 else "them"
        yield Step(title=f"Write {counted(len(survey.written), 'file')} into {directory}, and read {them} back")
    if survey.index and survey.index.is_written:
        yield Step(title=f"Write {sanitize(survey.index.file)}")


def _facts(request: ExportAllRequest, survey: ExportSurvey) -> Iterator[tuple[str, str]]:
    yield "format", options_in_words(request)
    for change, label in _CHANGES:
        names = [os.path.basename(each.file) for each in survey.targets if each.change == change]
        if names:
            shown = f": {some_of(names, _MOST_NAMES)}" if change in ("new", "changed") else ""
            yield label, f"{counted(len(names), 'file')}{shown}"
    if survey.gone:
        yield "stay, of environments that are gone", some_of(survey.gone, _MOST_NAMES)


def _notes(survey: ExportSurvey) -> Iterator[Finding]:
    """What the format cannot carry of each environment whose file is written."""
    for each in survey.written:
        if each.environment and each.export and each.export.notes:
            first, *more = each.export.notes
            message = f"{sanitize(each.environment.name)}: {first}"
            yield finding("not-carried", "note", message, evidence=more)


# The job


async def perform(plan: Plan, request: ExportAllRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Write what is not as it should be by now. RefusedError if there are blockers, CondatuiError if a write fails."""
    await work.stage("look", f"Looking at the environments and at {sanitize(request.directory)}")
    survey = await work.in_thread(partial(survey_export, request, context))
    refuse(survey.blockers)
    await work.stage("write", f"Writing into {sanitize(request.directory)}")
    await work.in_thread(partial(make_directory, request.directory))
    for number, target in enumerate(survey.written):
        work.progress(number, len(survey.written), "files")
        await work.in_thread(partial(_write, target, request, context))
    await work.stage("index", "Writing the index")
    if survey.index and survey.index.is_written:
        await work.in_thread(partial(_write, survey.index, request, context))
    return _outcome(request, survey)


def _write(target: Target, request: ExportAllRequest, context: JobContext) -> None:
    """Write a file; a new one only if there is still none, another content only over what is still condatui's own."""
    refuse(stands_against(target, request))
    write_file(target.file, target.content, replace=target.change == "changed")
    if target.environment and target.export:
        config = context.inventory.channel_config(target.environment)
        check_read_back(target.file, target.content, target.export, request.format, config)


def _outcome(request: ExportAllRequest, survey: ExportSurvey) -> Outcome:
    written, all_of_them = len(survey.written), len(survey.targets)
    as_before = f"{counted(all_of_them, 'file is', 'files are')} as before"
    how_many = f"{written} of {counted(all_of_them, 'file')} written" if written else as_before
    broken = [each for each in survey.left_out if each.severity == "warning"]
    missing = f"; {counted(len(broken), 'environment')} left out" if broken else ""
    index = (survey.index,) if survey.index and survey.index.is_written else ()
    return Outcome(
        message=f"{sanitize(request.directory)}: {how_many}{missing}",
        stopped=bool(broken),
        findings=(*survey.left_out, *_notes(survey)),
        bytes_used=sum(len(each.content) for each in survey.written),
        files=tuple(each.file for each in (*survey.written, *index)),
    )


async def recover(
    plan: Plan,
    request: ExportAllRequest,
    stage: str,  # noqa: ARG001 - the signature of every action
    context: JobContext,
) -> Recovery:
    """Compare the files with what would be written now: each is whole, as it was or as it should be."""
    try:
        survey = await asyncio.to_thread(survey_export, request, context)
    except CondatuiError as error:
        return Recovery(state="half", message=f"Which files were written cannot be found out: {error.title}")
    begun = await asyncio.to_thread(begun_beside, Path(request.directory, "index"))
    beside = f" {sanitize(str(begun[0]))} was begun, and can be deleted." if begun else ""
    return _recovery(plan, request, survey, beside)


def _recovery(plan: Plan, request: ExportAllRequest, survey: ExportSurvey, beside: str) -> Recovery:
    directory = sanitize(request.directory)
    wanted = {each.file for each in plan.exports if each.change in ("new", "changed")}
    waiting = wanted & {each.file for each in survey.written}
    if survey.blockers and not survey.targets:
        title = survey.blockers[0].message
        return Recovery(state="half", message=f"Which files were written cannot be found out: {title}{beside}")
    if wanted and waiting == wanted:
        return Recovery(state="untouched", message=f"Nothing was written into {directory}.{beside}")
    if not waiting and not (survey.index and survey.index.is_written):
        return Recovery(state="done", message=f"All files in {directory} are as they should be.{beside}")
    done = f"{len(wanted - waiting)} of {counted(len(wanted), 'file')} were written, each whole; " if wanted else ""
    rest = "the others are as they were" if waiting else "the index is as it was"
    return Recovery(
        state="half",
        message=f"{directory}: {done}{rest}.{beside}",
        way_out=request,
        way_out_title=f"Export the rest into {directory}",
    )

"""Packs an environment with conda-pack in a child process, and reads the archive back before naming it."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from pathlib import Path

from condatui_core.actions.checksum_file import checksum_line, checksum_path
from condatui_core.actions.guards import refuse
from condatui_core.actions.pack.formats import checked_format, receiver_lines
from condatui_core.actions.pack.messages import ARCHIVE, PackAnswer, PackOrder, PackSurvey, read_answer, write_order
from condatui_core.actions.pack.place import CHECKSUM_STAGE, PLACE_STAGE, PackPlace, archive_path
from condatui_core.actions.pack.plan import packing_environ, plan_and_survey
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.conda.errors import last_words
from condatui_core.errors import CondaError, CondatuiError, RefusedError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.safe_read import reason, sha256_of
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.proc.child import own_argv
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import PackRequest
from condatui_core.text import counted, format_bytes, sanitize, shell_words

_AT_MOST = timedelta(hours=1)
"""How long a pack that is killed is assumed to have read the environment."""
_LEAST_SECONDS, _SLOWEST = 3600.0, 500_000
"""A pack that takes longer hangs: an hour, and what is to be packed at half a megabyte a second."""
_NOT_READ_BACK = "The archive cannot be read back: nothing was written."


async def perform(plan: Plan, request: PackRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Pack beside the target, read every byte back, and only then move the archive to its name."""
    return await pack(request, context, work)


async def pack(request: PackRequest, context: JobContext, work: Work, *, left_out: Collection[str] = ()) -> Outcome:
    """As `perform`, without paths, relative to the prefix, that the archive is to lack and its records not to list."""
    plan_now, survey = await plan_and_survey(request, context, left_out)
    refuse(plan_now.blockers)
    form = checked_format(request)
    name = _name(request, context)
    place = await work.in_thread(partial(PackPlace, request.file, work.job_id, replace=request.replace))
    await work.stage("pack", f"Packing {name}")
    try:
        await work.in_thread(partial(_prepare, place, request, form, survey, left_out))
        seconds = _LEAST_SECONDS + survey.bytes / _SLOWEST
        packed = await _pack(request, context, work, place, name, seconds=seconds)
        await work.stage("check", "Reading the archive back")
        found = await _run(work, "check", place, context, _NOT_READ_BACK, seconds=seconds)
        if found.files < packed.files:
            detail = f"{counted(packed.files, 'file was', 'files were')} packed, {found.files:,} are in it."
            raise CondatuiError("The archive is not whole: nothing was written.", detail)
        digest = "" if form == "no-archive" else await work.in_thread(partial(_digest, place, request))
        await work.stage(PLACE_STAGE, f"Putting it in its place: {request.file}")
        await work.in_thread(partial(_put, place, request))
    finally:
        await work.in_thread(place.remove)
    stated = ""
    if digest:
        await work.stage(CHECKSUM_STAGE, f"Writing its checksum beside {request.file}")
        stated = await work.in_thread(partial(_write_checksum, request, digest))
    return Outcome(
        message=f"{request.file} was packed: {counted(packed.files, 'file')}, {format_bytes(found.bytes)}",
        findings=plan_now.warnings,
        bytes_used=found.bytes,
        says_bytes=True,
        files=(request.file, stated) if stated else (request.file,),
        receiver=receiver_lines(request.file, form, name=name, dest_prefix=request.dest_prefix, python=survey.python),
    )


def _name(request: PackRequest, context: JobContext) -> str:
    environment = context.environment(request.prefix)
    return os.path.basename(environment.name if environment else request.prefix)


def _prepare(place: PackPlace, request: PackRequest, form: str, survey: PackSurvey, left_out: Collection[str]) -> None:
    order = PackOrder(
        prefix=request.prefix,
        form=form,
        level=request.level,
        threads=request.threads,
        dest_prefix=request.dest_prefix,
        excludes=request.excludes,
        left_out=tuple(sorted(left_out)),
        own=survey.differences.changed,
        parent=os.getpid(),
    )
    try:
        place.make()
        write_order(place.directory, order)
    except OSError as error:
        message = f"Nothing can be written beside {sanitize(request.file)}."
        raise CondatuiError(message, reason(error), "Choose another place.") from error


async def _pack(
    request: PackRequest, context: JobContext, work: Work, place: PackPlace, name: str, *, seconds: float
) -> PackAnswer:
    """Let conda-pack read the environment, and note that these reads are not a use of it by the user."""
    environment = context.environment(request.prefix)
    before, uses = environment.last_used if environment else None, OwnUses(context.locations.own_uses)
    async with uses.noting(request.prefix, context.clock, before=before, at_most=_AT_MOST):
        failed = f"{name} could not be packed: nothing was written."
        return await _run(work, "child", place, context, failed, seconds=seconds)


async def _run(
    work: Work, module: str, place: PackPlace, context: JobContext, failed: str, *, seconds: float
) -> PackAnswer:
    """Run one of the child processes in the place; raises CondatuiError with its message if it fails."""
    directory = str(place.directory)
    environ = {**packing_environ(context), "TMPDIR": directory}
    argv = own_argv(f"condatui_core.actions.pack.{module}", directory)
    try:
        done = await work.run(argv, environ=environ, seconds=seconds)
    except CondaError as error:
        raise CondatuiError(failed, error.title, "The environment is as it was.") from error
    answer = await work.in_thread(partial(read_answer, directory))
    if answer is None or answer.error or done.exit_code:
        words = (answer.error if answer else "") or last_words(done.stderr) or f"exit code {done.exit_code}"
        raise CondatuiError(failed, sanitize(words), "The environment is as it was.")
    return answer


def _digest(place: PackPlace, request: PackRequest) -> str:
    """The sha256 of the archive while nobody else knows it, so that it states what was read back."""
    try:
        return sha256_of(str(place.directory / ARCHIVE))
    except OSError as error:
        raise CondatuiError(f"{sanitize(request.file)} cannot be read back.", reason(error)) from error


def _write_checksum(request: PackRequest, digest: str) -> str:
    """Write the checksum, over one of the same archive: a stale one would make every receiver refuse.

    Returns its path.
    """
    file = checksum_path(archive_path(request))
    try:
        write_whole(Path(file), checksum_line(archive_path(request), digest), replace=True)
    except OSError as error:
        title = f"The archive is whole, and its checksum cannot be written: {sanitize(file)}."
        raise CondatuiError(title, reason(error), f"By hand: sha256sum {shell_words((request.file,))}") from error
    return file


def _put(place: PackPlace, request: PackRequest) -> None:
    try:
        place.put()
    except FileExistsError as error:
        raise RefusedError(f"{sanitize(request.file)} exists by now.", hint="Choose another name.") from error
    except OSError as error:
        raise CondatuiError(f"{sanitize(request.file)} cannot be written.", reason(error)) from error

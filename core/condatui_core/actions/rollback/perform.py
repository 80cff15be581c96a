"""Carries a rollback out: looked at again, kept, changed by conda, and verified package by package."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from condatui_core.actions.checkpoint import Checkpoint, make_checkpoint, subject_of
from condatui_core.actions.from_file import private_directory
from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import request_these
from condatui_core.actions.rollback.plan import EXPLICIT_FILE, RollbackTarget, blockers_of, occasion_of, read_target
from condatui_core.conda.commands import conda_environ, install_explicit, remove_exactly
from condatui_core.conda.errors import check_answer
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.atomic_write import write_new
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_tree
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.job import Outcome, Plan, PlannedRollback
from condatui_core.records.request import RollbackRequest
from condatui_core.restore_points.store import bytes_of_point, directory_of_points
from condatui_core.text import counted, first_of, format_bytes, sanitize

_MOST_LINES = 20


async def perform(plan: Plan, request: RollbackRequest, context: JobContext, work: Work) -> Outcome:
    """Bring the packages back as planned. CondatuiError at the first surprise, which names the restore point."""
    planned = plan.rollback
    assert planned
    await work.stage("look", f"Looking at {sanitize(planned.prefix)}")
    target = await read_target(request, context)
    refuse(blockers_of(target, request))
    name = sanitize(target.name)
    if target.planned != planned:
        raise RefusedError(f"{name} is not as it was planned any more.", planned.prefix, "Plan it again.")
    await work.stage("keep", f"Making a restore point of {name}")
    kept = await work.in_thread(partial(_keep, target, request, context, work))
    await work.stage("conda", f"Letting conda bring {name} back")
    await _run_conda(target, planned, request, context, work)
    await work.in_thread(partial(_request, planned, kept))
    await work.stage("verify", f"Verifying {name}")
    await _verify(target, planned, kept, context, work)
    size = await work.in_thread(
        partial(bytes_of_point, directory_of_points(context.settings, context.locations), kept.point.id)
    )
    packages = counted(len(plan.moves), "package")
    saved = f"restore point {kept.point.id} has how it was, {format_bytes(size)}"
    return Outcome(
        message=f"{name} is back at revision {request.revision}: {packages}; {saved}.",
        bytes_used=size,
        restore_points=(kept.point.id,),
    )


def _keep(target: RollbackTarget, request: RollbackRequest, context: JobContext, work: Work) -> Checkpoint:
    subject = subject_of(target.prefix, context, occasion_of(request))
    kept = make_checkpoint(subject, context, work, limited=not target.planned.over_limit)
    work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")
    return kept


async def _run_conda(
    target: RollbackTarget, planned: PlannedRollback, request: RollbackRequest, context: JobContext, work: Work
) -> None:
    """Take out what goes, then link what comes: never a solve, which might remove anything else."""
    assert target.installation
    conda = target.installation.executable
    environ = conda_environ(context.caller, target.installation) | {"CONDA_PIP_INTEROP_ENABLED": "false"}
    what = f"bring {target.name} back"
    if planned.going:
        argv = remove_exactly(conda, target.prefix, planned.going)
        check_answer(await work.run(argv, environ=environ), what)
    if planned.added:
        async with private_directory() as directory:
            file = await work.in_thread(partial(_write_list, directory, planned))
            offline = request.offline or all(each.place != "channel" for each in target.coming)
            argv = install_explicit(conda, target.prefix, file, offline=offline)
            check_answer(await work.run(argv, environ=environ), what)


def _write_list(directory: str, planned: PlannedRollback) -> str:
    file = Path(directory) / EXPLICIT_FILE
    write_new(file, "\n".join(("@EXPLICIT", *planned.archives, "")).encode())
    return str(file)


def _request(planned: PlannedRollback, kept: Checkpoint) -> None:
    """Let records and history state what the user had requested by then."""
    try:
        with HeldTree(planned.prefix, planned.identity) as tree:
            request_these(tree, kept.snapshot, dict(planned.requested))
            tree.sync()
    except OSError as error:
        where = f"{error.filename or planned.prefix}: {reason(error)}"
        raise CondatuiError("What was requested could not be noted.", where, _way_back(kept)) from error


async def _verify(
    target: RollbackTarget, planned: PlannedRollback, kept: Checkpoint, context: JobContext, work: Work
) -> None:
    records = await work.in_thread(partial(read_records, target.prefix))
    problems = await work.in_thread(lambda: [*_differences(records, kept.snapshot, planned)])
    if not problems and (python := await python_problem(target.prefix, target.installation, context, work)):
        problems.append(f"python: {python}")
    if problems:
        lines = "\n".join(map(sanitize, first_of(problems, _MOST_LINES)))
        raise CondatuiError(f"{sanitize(target.name)} is not as it was to become.", lines, _way_back(kept))
    await work.in_thread(partial(sync_tree, target.prefix))


def expected_packages(before: Sequence[str], planned: PlannedRollback) -> set[str]:
    """The packages that an environment is to have afterwards, as `name-version-build`."""
    return (set(before) - set(planned.removed)) | set(planned.added)


def _differences(records: PrefixRecords, before: PrefixRecords, planned: PlannedRollback) -> Iterator[str]:
    there = {each.dist_name for each in records.contents.packages}
    wanted = expected_packages([each.dist_name for each in before.contents.packages], planned)
    yield from (f"{each}: is not there" for each in sorted(wanted - there))
    yield from (f"{each}: was not planned" for each in sorted(there - wanted))
    yield from (f"{each.path}: {each.reason}" for each in records.contents.unreadable)
    yield from (f"{each}, which pip has installed: is gone" for each in sorted(_of_pip(before) - _of_pip(records)))
    for package in records.packages:
        if package.record.dist_name in planned.added:
            paths = (each.path for each in package.paths)
            yield from (
                f"{each}: is missing" for each in paths if not os.path.lexists(os.path.join(records.prefix, each))
            )


def _of_pip(records: PrefixRecords) -> set[str]:
    """What pip has installed, where a python reads it or another one has left it behind."""
    contents = records.contents
    stale = {name for each in contents.stale_site_packages for name in each.names}
    return {f"{each.name} {each.version}" for each in contents.pip_distributions} | stale


def _way_back(kept: Checkpoint) -> str:
    return f"Restore point {kept.point.id} has it as it was."

"""Carries a rollback out: looked at again, kept, changed by conda, and verified package by package."""

from __future__ import annotations

from functools import partial

from condatui_core.actions.checkpoint import Checkpoint, subject_of
from condatui_core.actions.guards import refuse
from condatui_core.actions.listed_archives import install_archives
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import request_these
from condatui_core.actions.rollback.facts import RollbackTarget, occasion_of, read_target
from condatui_core.actions.rollback.plan import blockers_of
from condatui_core.actions.verified_change import differences, keep, kept_bytes, naming_way_back, not_as_intended
from condatui_core.conda.commands import conda_environ, remove_exactly
from condatui_core.conda.errors import check_answer
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_tree
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.job import Outcome, Plan, PlannedRollback
from condatui_core.records.request import RollbackRequest
from condatui_core.text import counted, format_bytes, sanitize


async def perform(plan: Plan, request: RollbackRequest, context: JobContext, work: Work) -> Outcome:
    """Bring the packages back as planned. CondatuiError at the first surprise, which names the restore point."""
    planned = plan.rollback
    assert planned
    await work.stage("look", f"Looking at {sanitize(planned.prefix)}")
    target = await read_target(request, context)
    refuse(await work.in_thread(partial(blockers_of, target, request)))
    name = sanitize(target.name)
    if target.planned != planned:
        raise RefusedError(f"{name} is not as it was planned any more.", planned.prefix, "Plan it again.")
    await work.stage("keep", f"Making a restore point of {name}")
    subject = subject_of(target.prefix, context, occasion_of(request))
    kept = await work.in_thread(partial(keep, subject, context, work, limited=not planned.over_limit))
    with naming_way_back(kept):
        await work.stage("conda", f"Letting conda bring {name} back")
        await _run_conda(target, planned, request, context, work)
        await work.in_thread(partial(_request, planned, kept))
        await work.stage("verify", f"Verifying {name}")
        await _verify(target, planned, kept, context, work)
    size = await work.in_thread(partial(kept_bytes, kept, context))
    packages = counted(len(plan.moves), "package")
    saved = f"restore point {kept.point.id} has it as it was, {format_bytes(size)}"
    return Outcome(
        message=f"{name} is back at revision {request.revision}: {packages}; {saved}.",
        bytes_used=size,
        restore_points=(kept.point.id,),
    )


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
        offline = request.offline or all(each.place != "channel" for each in target.coming)
        lines, installation, places = planned.archives, target.installation, context.locations
        await install_archives(installation, target.prefix, lines, environ, work, places, offline=offline, what=what)


def _request(planned: PlannedRollback, kept: Checkpoint) -> None:
    """Let records and history state what the user had requested by then."""
    try:
        with HeldTree(planned.prefix, planned.identity) as tree:
            request_these(tree, kept.snapshot, dict(planned.requested))
            tree.sync()
    except OSError as error:
        where = f"{error.filename or planned.prefix}: {reason(error)}"
        raise CondatuiError("What was requested could not be noted.", where) from error


async def _verify(
    target: RollbackTarget, planned: PlannedRollback, kept: Checkpoint, context: JobContext, work: Work
) -> None:
    records = await work.in_thread(partial(read_records, target.prefix))
    problems = await work.in_thread(
        lambda: [*differences(records, kept.snapshot, planned.removed, planned.added)],
    )
    if not problems and (python := await python_problem(target.prefix, target.installation, context, work)):
        problems.append(f"python: {python}")
    if problems:
        raise not_as_intended(target.name, problems)
    await work.in_thread(partial(sync_tree, target.prefix))

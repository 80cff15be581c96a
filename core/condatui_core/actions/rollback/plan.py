"""Plans how the conda packages of an environment go back to those of a revision, each from a known place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from condatui_core.actions.checkpoint import no_room, points_there
from condatui_core.actions.guards import bytes_problem, warnings_to_change
from condatui_core.actions.listed_archives import ARCHIVES
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.rollback.facts import RollbackTarget, can_be_asked_for, read_target
from condatui_core.actions.room import POINT_NOTES
from condatui_core.actions.verified_change import left_behind
from condatui_core.analyses.package_moves import Held, package_moves
from condatui_core.conda.commands import install_explicit, remove_exactly
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import RollbackRequest
from condatui_core.records.revision import PackageSource
from condatui_core.remedy import AllowDownloads
from condatui_core.text import counted, format_bytes, sanitize, some_of

_MOST_SPECS = 6


async def plan(request: RollbackRequest, context: JobContext) -> Plan:
    """Find out which packages come and go, and where those that come are."""
    target = await read_target(request, context)
    return await asyncio.to_thread(rollback_plan, target, request, context)


def rollback_plan(target: RollbackTarget, request: RollbackRequest, context: JobContext) -> Plan:
    """Plan the rollback of an environment that was read; blocks."""
    name, planned = sanitize(target.name), target.planned
    kept = target.checkpoint.kept_bytes if target.checkpoint else 0
    before = {each.name: Held(each.version, each.build) for each in target.contents.packages}
    after = {each.package.name: Held(each.package.version, each.package.build) for each in target.sources}
    after |= {each.name: before[each.name] for each in target.unnamed}
    stranded = target.other_python and bool(target.contents.pip_distributions)
    moves = package_moves(before, after, requested=target.contents.requested_names) if target.sources else ()
    return Plan(
        request=request,
        title=f"Bring {name} back to revision {request.revision}",
        steps=tuple(_steps(target)),
        prefixes=(target.prefix,),
        bytes_needed=kept + POINT_NOTES + target.takes,
        kept_bytes=kept,
        packages=len(moves),
        facts=tuple(_facts(target, request, kept)),
        warnings=tuple(_warnings(target, context)),
        blockers=(*blockers_of(target, request), *no_room(kept, context)),
        restore_points=points_there((target.prefix,), context),
        confirm=name if planned.over_limit or stranded else "",
        rollback=planned,
        moves=moves,
    )


def blockers_of(target: RollbackTarget, request: RollbackRequest) -> tuple[Finding, ...]:
    """What stands against the rollback."""
    return (*target.blockers, *_blockers(target, request))


def _blockers(target: RollbackTarget, request: RollbackRequest) -> Iterator[Finding]:
    if any(each.id == "no-revision" for each in target.blockers) or target.snapshot is None:
        return
    name, planned = sanitize(target.name), target.planned
    if not target.sources:
        yield blocker("empty-revision", f"{name} had no packages after revision {request.revision}.", "Remove it.")
    elif not planned.added and not planned.removed:
        message = f"{name} has exactly the packages of revision {request.revision}."
        yield blocker("nothing-to-do", message)
    yield from _without_source(target, request)
    if request.offline and (away := [each.package.dist_name for each in _to_download(target)]):
        message = f"{counted(len(away), 'package is', 'packages are')} not on this machine."
        yield blocker("download", message, AllowDownloads(), map(sanitize, away))
    yield from bytes_problem(target.takes, target.observed)


def _without_source(target: RollbackTarget, request: RollbackRequest) -> Iterator[Finding]:
    """What stands against it because a package cannot be had: nothing names its channel, or that does not have it."""
    revision, search = f"revision {request.revision}", target.search
    if unnamed := [each.package.dist_name for each in target.without_url if not can_be_asked_for(each)]:
        message = f"Where {counted(len(unnamed), 'package')} of {revision} can be had is not known."
        yield blocker("no-source", message, _OTHERS, map(sanitize, unnamed))
    if search.missing:
        message = f"conda does not find {counted(len(search.missing), 'package')} of {revision} at their channels."
        lines = [f"{each.channel}::{each.dist_name}" for each in search.missing]
        yield blocker("no-source", message, _OTHERS, map(sanitize, lines))
    if search.problem:
        told = search.problem
        said = (told.title, *told.detail.splitlines())
        message = f"conda could not say where all packages of {revision} can be had."
        yield blocker("no-answer", message, told.hint or "Try again.", map(sanitize, said))


_OTHERS = "Install them in other versions."


def _to_download(target: RollbackTarget) -> Sequence[PackageSource]:
    return [each for each in target.coming if each.place == "channel"]


def _downloaded(target: RollbackTarget) -> int:
    return sum(each.archive_bytes for each in _to_download(target))


def _steps(target: RollbackTarget) -> Iterator[Step]:
    name, planned, conda = sanitize(target.name), target.planned, target.installation
    yield Step(title=f"Make a restore point of {name}")
    if planned.going and conda:
        argv = remove_exactly(conda.executable, target.prefix, planned.going)
        yield Step(title=f"Let conda take out {counted(len(planned.going), 'package')}", argv=argv)
    if planned.added and conda:
        argv = install_explicit(conda.executable, target.prefix, ARCHIVES, offline=not _to_download(target))
        count = counted(len(planned.added), "package")
        yield Step(title=f"Let conda link {count} from the archives that revision had", argv=argv)
    yield Step(title=f"Verify every package of {name}, and start its python")


def _facts(target: RollbackTarget, request: RollbackRequest, kept: int) -> Iterator[tuple[str, str]]:
    at = next((each.at for each in target.contents.history.revisions if each.number == request.revision), None)
    if at:
        yield "revision", f"{request.revision}, {at:%Y-%m-%d %H:%M}"
    if away := _to_download(target):
        yield "to download", f"{counted(len(away), 'package')}, {format_bytes(_downloaded(target))}"
    yield from _requests(target)
    if pip := target.contents.pip_distributions:
        yield "pip's, which stay", ", ".join(sanitize(f"{each.name} {each.version}") for each in pip)
    if target.unnamed:
        yield "in no revision, stay", ", ".join(sanitize(each.dist_name) for each in target.unnamed)
    yield "restore point", f"{format_bytes(kept)} that conda could not put back, before compression"


def _warnings(target: RollbackTarget, context: JobContext) -> Iterator[Finding]:
    if not target.observed.exists:
        return
    yield from warnings_to_change(target.observed, target.environment, context)
    if target.checkpoint:
        yield from target.checkpoint.warnings
    pip = target.contents.pip_distributions
    if target.other_python and pip and target.sources:
        yield left_behind(target.name, *target.pythons, pip)


def _requests(target: RollbackTarget) -> Iterator[tuple[str, str]]:
    """What the user will have requested again, and what no more."""
    now, after = dict(target.contents.history.requested), dict(target.requested)
    again = [spec for name, spec in sorted(after.items()) if now.get(name) != spec]
    no_more = [spec for name, spec in sorted(now.items()) if name not in after]
    for label, specs in (("requested again", again), ("requested no more", no_more)):
        if specs:
            yield label, sanitize(some_of(specs, _MOST_SPECS))

"""What bringing an environment back will do, worked out from what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions.guards import blockers_to_make, bytes_problem, observe_prefix
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.conda.commands import install_explicit
from condatui_core.records.finding import Finding
from condatui_core.records.installation import Installation, can_change
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import KeptPackage, RestorePoint
from condatui_core.restore_points.cached_packages import missing_packages
from condatui_core.restore_points.store import NEEDED, directory_of_points, problem_of, read_point
from condatui_core.text import format_bytes, sanitize


@dataclass(frozen=True, slots=True)
class Restorable:
    """A restore point, and what stands there now."""

    point: RestorePoint
    target: str
    explicit: str
    """The explicit file of what conda has to put back."""
    observed: PrefixState
    installation: Installation | None
    """The one whose environment it was, if it is still there and can do it."""
    to_download: tuple[KeptPackage, ...]
    """What no package cache has any more."""
    problem: str = ""
    """Why the restore point cannot be used."""


def restoring_plan(found: Restorable, request: RestoreRequest, context: JobContext) -> Plan:
    """Say what will be done, what would be downloaded, and what stands against it."""
    point, name = found.point, sanitize(found.point.name)
    return Plan(
        request=request,
        title=f"Bring back {name}",
        steps=tuple(_steps(found)),
        prefixes=(found.target,),
        bytes_needed=bytes_needed(found),
        packages=len(point.packages),
        facts=tuple(_facts(found)),
        warnings=tuple(_warnings(found)),
        blockers=blockers_of(found, context),
    )


def bytes_needed(found: Restorable) -> int:
    """What has to be written: kept files, and packages with what comes out of them; links take nothing."""
    return found.point.archived_bytes + sum(5 * each.archive_bytes for each in found.to_download)


def argv(found: Restorable) -> tuple[str, ...]:
    """The command that puts back what conda has to; empty if there is nothing, or nobody to do it."""
    if found.installation is None or not found.point.needed:
        return ()
    return install_explicit(found.installation.executable, found.target, found.explicit, offline=not found.to_download)


def blockers_of(found: Restorable, context: JobContext) -> tuple[Finding, ...]:
    """What stands against bringing it back."""
    blockers = []
    if found.problem:
        message = f"The restore point of {sanitize(found.point.name)} is damaged: {sanitize(found.problem)}."
        blockers.append(_blocker("damaged", message))
    blockers += _against_making(found, context)
    if found.point.needed and found.installation is None:
        owner = found.point.root_prefix
        message = f"{len(found.point.needed)} packages need the conda in {owner}, which cannot be used."
        blockers.append(_blocker("no-conda", message, "Repair that one, or name it: --conda PATH."))
    blockers += bytes_problem(bytes_needed(found), found.observed)
    return tuple(blockers)


def _against_making(found: Restorable, context: JobContext) -> Iterator[Finding]:
    """What stands against making it; its name and its place have served it before.

    Only where conda would take a part of the name for a variable, it would make something else of it.
    """
    with_conda = bool(found.point.needed)
    for each in blockers_to_make(found.observed, context, with_conda=with_conda and found.installation is not None):
        misread = each.id == "bad-name" and with_conda and "$" in found.target
        if each.id == "target-exists":
            yield replace(each, remedy="Remove or rename what is there first.")
        elif misread or each.id not in ("bad-name", "inside-environment"):
            yield each


def _steps(found: Restorable) -> Iterator[Step]:
    point = found.point
    if point.needed:
        where = "its package cache" if not found.to_download else "its package cache and the network"
        yield Step(title=f"Let conda put back {len(point.needed)} packages from {where}", argv=argv(found))
    yield Step(title=f"Put back {point.archived_files} files that were kept, and all modes, links and times")
    yield Step(title=f"Compare {point.paths} paths with what was removed")


def _facts(found: Restorable) -> Iterator[tuple[str, str]]:
    point = found.point
    yield "removed", f"{point.at:%Y-%m-%d %H:%M}"
    yield "kept", f"{point.archived_files} files, {format_bytes(point.archived_bytes)}"
    linked = len(point.needed) - len(found.to_download)
    yield "from the cache", f"{linked} packages, linked: they take no space"
    if found.to_download:
        size = format_bytes(sum(each.archive_bytes for each in found.to_download))
        yield "to download", f"{len(found.to_download)} packages, {size}"


def _warnings(found: Restorable) -> Iterator[Finding]:
    if found.to_download:
        yield Finding(
            id="download",
            severity="warning",
            message=f"{len(found.to_download)} packages are in no package cache any more and have to be downloaded.",
            remedy="They may be gone from their channels.",
            evidence=tuple(each.explicit for each in found.to_download),
        )
    if found.point.lost:
        message = f"{len(found.point.lost)} things do not come back as they were."
        yield Finding(id="not-kept", severity="warning", message=message, evidence=found.point.lost)


def _blocker(name: str, message: str, remedy: str = "") -> Finding:
    return Finding(id=name, severity="error", message=message, remedy=remedy)


async def plan(request: RestoreRequest, context: JobContext) -> Plan:
    """Find out what is still in a package cache and what would have to be downloaded."""
    return restoring_plan(await _find(request, context), request, context)


async def _find(request: RestoreRequest, context: JobContext) -> Restorable:
    directory = _directory(context)
    point = await asyncio.to_thread(read_point, directory, request.id)
    installation = _installation(point, context)
    observed = await observe_prefix(point.prefix, context, installation=installation)
    caches = caches_of(installation, context)
    return Restorable(
        point=point,
        target=point.prefix,
        explicit=str(directory / point.id / NEEDED),
        observed=observed,
        installation=installation,
        to_download=await asyncio.to_thread(missing_packages, point.needed, caches),
        problem=await asyncio.to_thread(problem_of, directory, point),
    )


def _installation(point: RestorePoint, context: JobContext) -> Installation | None:
    """The conda that had it; no other one would do, for it has another package cache."""
    able = (each for each in context.inventory.installations if can_change(each))
    return next((each for each in able if each.root_prefix == point.root_prefix), None)


def _directory(context: JobContext) -> Path:
    return directory_of_points(context.settings, context.locations)

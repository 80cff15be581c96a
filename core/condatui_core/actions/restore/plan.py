"""Plans how to bring an environment back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from condatui_core.actions.guards import (
    bad_name,
    blockers_to_alter,
    conda_busy,
    observe_prefix,
    owned_place,
    place_not_writable,
    target_taken,
)
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.restore.kernels import KernelCopy, copies_for, kernels_that_stay_away
from condatui_core.actions.restore.present import (
    Present,
    blockers_to_replace,
    is_replaceable,
    read_present,
    warnings_to_replace,
    whole_set_aside,
)
from condatui_core.actions.room import OWN_NOTES, POINT_NOTES, cache_of, is_linked_from, room_problems
from condatui_core.conda.commands import install_explicit
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.blocks import block_size
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import Installation, can_change
from condatui_core.records.job import Plan, PlannedRestore, Step
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import KeptPackage, KeptPath, RestorePoint, own_copies
from condatui_core.remedy import NameConda
from condatui_core.restore_points.cached_packages import missing_packages
from condatui_core.restore_points.restore_needs import RestoreNeeds, restore_needs
from condatui_core.restore_points.store import NEEDED, directory_of_points, problem_of, read_paths_of, read_point
from condatui_core.text import counted, format_bytes, sanitize


@dataclass(frozen=True, slots=True)
class Restorable:
    """A restore point, and the state of its prefix now."""

    point: RestorePoint
    target: str
    explicit: str
    """The path of the explicit file of the packages that conda has to put back."""
    observed: PrefixState
    installation: Installation | None
    """The installation that owned the environment; None if it is gone or cannot change environments."""
    to_download: tuple[KeptPackage, ...]
    """The packages that no package cache has any more."""
    problem: str = ""
    """Why the restore point cannot be used."""
    copied_bytes: int = 0
    """Bytes of the packages' files that were no links into the package cache, and come back as copies."""
    needs: RestoreNeeds = field(default_factory=RestoreNeeds)
    """What the environment and the packages that are not extracted take on the disk."""
    cache: str = ""
    """The package cache into which these packages come."""
    present: Present | None = None
    """The environment that is at the prefix and will be replaced; None if nothing is there, or nothing replaceable."""
    kernels: tuple[KernelCopy, ...] = ()
    """The copies of Jupyter kernels that start it, and were deleted when it went or since; some have no place now."""
    put_back: str = ""
    """Where an interrupted restore has set aside what this restore point has, whole: that is put back instead."""


def restoring_plan(found: Restorable, request: RestoreRequest, context: JobContext) -> Plan:
    """Plan what is done and what is downloaded, with the blockers against it; blocks."""
    point, present = found.point, found.present
    return Plan(
        request=request,
        title=_title(found),
        steps=tuple(_steps(found)),
        prefixes=(found.target,),
        bytes_needed=0 if found.put_back else bytes_needed(found),
        packages=point.all_packages,
        facts=tuple(_facts(found)),
        warnings=tuple(_warnings(found, context)),
        blockers=blockers_of(found, context),
        confirm=sanitize(point.name) if present and present.checkpoint.too_large else "",
        restoration=planned(found),
        moves=present.moves if present else (),
    )


def planned(found: Restorable) -> PlannedRestore:
    """What is at the prefix, as far as the plan rests on it."""
    present = found.present
    return PlannedRestore(
        replaces=present.identity if present else None,
        put_back=found.put_back,
        over_limit=present is not None and present.checkpoint.too_large,
        extracts={} if found.put_back else found.needs.caches,
    )


def check_plan(plan: Plan, found: Restorable) -> None:
    """Refuse to replace or put back anything else than the plan has named."""
    before, now = plan.restoration or PlannedRestore(), planned(found)
    if (before.replaces, before.put_back) != (now.replaces, now.put_back):
        title = f"What is at {sanitize(found.target)} has come or gone since this was planned."
        raise RefusedError(title, hint="Plan it again.")


def _title(found: Restorable) -> str:
    name = sanitize(found.point.name)
    if found.put_back:
        return f"Put {name} back as it was before it was interrupted"
    if found.present:
        return f"Bring {name} back to how it was at {found.point.at:%Y-%m-%d %H:%M}"
    return f"Bring back {name}"


def bytes_needed(found: Restorable) -> int:
    """The bytes to be written, in blocks: the environment, what comes into package caches, and the way back."""
    return found.needs.total + OWN_NOTES + _way_back_bytes(found)


def _way_back_bytes(found: Restorable) -> int:
    """The bytes of the restore point that is made of what is there."""
    return found.present.checkpoint.kept_bytes + POINT_NOTES if found.present else 0


def argv(found: Restorable) -> tuple[str, ...]:
    """The command that puts back conda's packages; empty if there are none, or no installation can do it."""
    if found.installation is None or not found.point.needed:
        return ()
    return install_explicit(found.installation.executable, found.target, found.explicit, offline=not found.to_download)


def blockers_of(found: Restorable, context: JobContext) -> tuple[Finding, ...]:
    """The blockers against bringing the environment back; blocks."""
    if found.put_back:
        return tuple(_blockers_to_put_back(found, context))
    blockers = []
    if found.problem:
        message = f"The restore point of {sanitize(found.point.name)} is damaged: {sanitize(found.problem)}."
        blockers.append(blocker("damaged", message))
    blockers += _target_blockers(found, context)
    if found.point.needed and found.installation is None:
        owner = found.point.root_prefix
        count = counted(len(found.point.needed), "package needs", "packages need")
        message = f"{count} the conda in {owner}, which cannot be used."
        blockers.append(blocker("no-conda", message, NameConda(why="unusable")))
    way_back = (str(points_directory(context)), _way_back_bytes(found))
    caches = (found.cache, sum(found.needs.caches.values()))
    blockers += room_problems(((os.path.dirname(found.target), found.needs.environment + OWN_NOTES), caches, way_back))
    return tuple(blockers)


def _blockers_to_put_back(found: Restorable, context: JobContext) -> Iterator[Finding]:
    """The blockers against renaming what was set aside, and what is half made in its place."""
    if found.observed.exists:
        environment = context.environment(found.observed.real)
        yield from blockers_to_alter(found.observed, environment, context, with_conda=False)
    yield from place_not_writable(found.observed)


def _target_blockers(found: Restorable, context: JobContext) -> Iterator[Finding]:
    """The blockers against making the environment; its name and place are not checked, since they were valid before.

    The exception is a `$`, for conda would expand it as a variable and make another path.
    """
    with_conda = bool(found.point.needed)
    if with_conda and "$" in found.target:
        yield from bad_name(found.observed, context)
    if found.present:
        yield from blockers_to_replace(found.present, found.observed, context, with_conda=with_conda)
        return
    yield from target_taken(found.observed, "Remove or rename what is there first.")
    yield from owned_place(found.observed)
    if not found.observed.exists:
        yield from place_not_writable(found.observed)
    if with_conda and found.installation is not None:
        yield from conda_busy(found.observed)


def _steps(found: Restorable) -> Iterator[Step]:
    point, name = found.point, sanitize(found.point.name)
    if found.put_back:
        if found.observed.exists:
            yield Step(title=f"Set aside what was made of {name} in part")
        yield Step(title=f"Give {name} its name again", argv=("mv", "--", found.put_back, found.target))
        return
    if found.present:
        yield Step(title=f"Make a restore point of {name} as it is now")
        yield Step(title=f"Set {name} aside, under a hidden name in the same directory")
    if point.needed:
        where = "its package cache" if not found.to_download else "its package cache and the network"
        yield Step(title=f"Let conda put back {counted(len(point.needed), 'package')} from {where}", argv=argv(found))
    kept = counted(point.archived_files, "file that was kept", "files that were kept")
    yield Step(title=f"Put back {kept}, and all modes, links and times")
    yield Step(title=f"Compare {counted(point.paths, 'path')} with what was kept")
    for each in (each for each in found.kernels if not each.taken):
        yield Step(title=f"Put back the Jupyter kernel {sanitize(each.name)}", argv=each.by_hand)
    if found.present:
        yield Step(title="Delete what was set aside, or put it back if anything failed")


def _facts(found: Restorable) -> Iterator[tuple[str, str]]:
    point = found.point
    if point.occasion.change == "removal":
        yield "removed", f"{point.at:%Y-%m-%d %H:%M}"
    else:
        yield "kept at", f"{point.at:%Y-%m-%d %H:%M}, {sanitize(point.occasion.words)}"
    if found.put_back:
        yield "set aside in", sanitize(found.put_back)
        return
    yield "kept", f"{counted(point.archived_files, 'file')}, {format_bytes(point.archived_bytes)}"
    linked = len(point.needed) - len(found.to_download)
    if linked:
        yield "from the cache", f"{counted(linked, 'package')}, {_how_linked(found)}"
    if found.to_download:
        size = format_bytes(sum(each.archive_bytes for each in found.to_download))
        yield "to download", f"{counted(len(found.to_download), 'package')}, {size}"
    if found.present:
        files = counted(found.present.checkpoint.kept_files, "file")
        yield "way back", f"{files}, {format_bytes(found.present.checkpoint.kept_bytes)} before compression"


def _how_linked(found: Restorable) -> str:
    if not found.copied_bytes:
        return "linked: no space is taken"
    return f"linked but for {format_bytes(found.copied_bytes)}, which were no links before either"


def _warnings(found: Restorable, context: JobContext) -> Iterator[Finding]:
    if found.present:
        yield from warnings_to_replace(found.present, found.observed, context)
    if found.observed.inside:
        message = f"{found.target} lies inside the environment {found.observed.inside}."
        yield finding("inside-environment", "warning", sanitize(message), "Removing that one removes this one as well.")
    if found.to_download:
        gone = counted(
            len(found.to_download),
            "package is in no package cache any more and has",
            "packages are in no package cache any more and have",
        )
        lines = (each.explicit for each in found.to_download)
        yield finding("download", "warning", f"{gone} to be downloaded.", "Channels drop packages at times.", lines)
    if found.point.lost:
        lost = counted(
            len(found.point.lost), "thing does not come back as it was", "things do not come back as they were"
        )
        yield finding("not-kept", "warning", f"{lost}.", evidence=found.point.lost)
    yield from kernels_that_stay_away(found.kernels)


async def plan(request: RestoreRequest, context: JobContext) -> Plan:
    """Find out which packages are still in a package cache, and which have to be downloaded."""
    found = await read_restorable(request, context)
    return await asyncio.to_thread(restoring_plan, found, request, context)


async def read_restorable(request: RestoreRequest, context: JobContext) -> Restorable:
    """Read a restore point, and see what is at its path and in the caches. Raises CondatuiError if there is none."""
    point = await asyncio.to_thread(read_point, points_directory(context), request.id)
    installation = _installation(point, context)
    observed = await observe_prefix(point.prefix, context, installation=installation)
    return await asyncio.to_thread(_restorable, point, observed, installation, context)


def _restorable(
    point: RestorePoint, observed: PrefixState, installation: Installation | None, context: JobContext
) -> Restorable:
    """Read what a restore point needs, and what is in its way."""
    directory = points_directory(context)
    problem, paths = _read_paths(directory, point)
    caches = caches_of(installation, context)
    links = is_linked_from(caches, observed.device)
    replaceable = is_replaceable(observed, point)
    put_back = "" if replaceable else _set_aside(point, observed, directory)
    made_again = not replaceable and not put_back
    return Restorable(
        point=point,
        target=point.prefix,
        explicit=str(directory / point.id / NEEDED),
        observed=observed,
        installation=installation,
        to_download=missing_packages(point.needed, caches),
        problem=problem,
        copied_bytes=sum(each.size for each in own_copies(paths)),
        needs=restore_needs(point, paths, caches, block_size(point.prefix), links=links),
        cache=cache_of(caches, point.prefix),
        present=read_present(point, context) if replaceable else None,
        kernels=copies_for(point, context.locations.kernels) if made_again else (),
        put_back=put_back,
    )


def _set_aside(point: RestorePoint, observed: PrefixState, directory: Path) -> str:
    """Where what the restore point has is set aside, if what took its place was never finished."""
    in_the_way = observed.exists and not is_marked_incomplete(observed.prefix)
    return "" if in_the_way else whole_set_aside(point, directory)


def _read_paths(directory: Path, point: RestorePoint) -> tuple[str, tuple[KeptPath, ...]]:
    """Why the restore point cannot be used, and its paths."""
    if problem := problem_of(directory, point):
        return problem, ()
    try:
        return "", read_paths_of(directory, point)
    except CondatuiError as error:
        return error.detail, ()


def _installation(point: RestorePoint, context: JobContext) -> Installation | None:
    """The installation that owned the environment; another one would have another package cache."""
    able = (each for each in context.inventory.installations if can_change(each))
    return next((each for each in able if each.root_prefix == point.root_prefix), None)


def points_directory(context: JobContext) -> Path:
    """Where the restore points of this user are."""
    return directory_of_points(context.settings, context.locations)

"""Clean package caches of what nobody needs, by our own account of that: conda's forgets copies and symlinks.

A package is moved out of conda's sight before its first file is deleted, so that conda never finds half of one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import aclosing, suppress
from functools import partial

from condatui_core.byte_words import spell_bytes
from condatui_core.disk.disk import Disk
from condatui_core.disk.measure import Measurement
from condatui_core.errors import CondatuiError
from condatui_core.jobs.cleaning.items import TRASH, Cache, Item, freed_by, items_of, package_item
from condatui_core.jobs.cleaning.planning import WORDS, cleaning_plan
from condatui_core.jobs.guarding.guards import conda_busy, look, refuse
from condatui_core.jobs.removing.tree import Left, delete_tree
from condatui_core.jobs.restoring.store import directory_of_points, point_ids, read_point
from condatui_core.jobs.restoring.survey import package_caches
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.printable import printable
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import Finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Aftermath, Outcome, Plan
from condatui_core.records.request import CleanRequest


async def plan(request: CleanRequest, around: Surroundings) -> Plan:
    """Walk the disk, and find out what can go and what that frees, to the byte."""
    blockers = await _blockers(request, around)
    caches = await _caches(request, around)
    return cleaning_plan(
        caches,
        request,
        executable=next((each.executable for each in around.inventory.installations if not each.error), ""),
        needed=await asyncio.to_thread(_needed_by_points, caches, around),
        unread=_unread(around.inventory),
        blockers=blockers,
    )


async def perform(plan: Plan, request: CleanRequest, around: Surroundings, work: Work) -> Outcome:  # noqa: ARG001
    """Look again, then delete one after the other; what cannot be deleted is among the findings."""
    await work.stage("look", "Looking what nobody needs")
    refuse(await _blockers(request, around))
    caches = await _caches(request, around)
    refuse(await _blockers(request, around))  # looking takes its time: a conda may have begun to link meanwhile
    left: list[Left] = []
    freed = count = 0
    for what in request.what:
        await work.stage(what, f"Deleting {WORDS[what][1]}")
        for cache in caches:
            items = [item for item in cache.items if item.what == what]
            size, gone = await work.beside(partial(_delete, cache.path, items, left, work, work.job_id))
            freed, count = freed + size, count + gone
    return Outcome(
        message=f"{count} things deleted from {len(caches)} package cache{'s'[: len(caches) > 1]}, "
        f"{spell_bytes(freed)} freed.",
        findings=_left_behind(left),
        bytes_freed=freed,
    )


async def aftermath(plan: Plan, request: CleanRequest, stage: str, around: Surroundings) -> Aftermath:  # noqa: ARG001
    """Look whether something is still to be deleted. conda can work either way."""
    if stage in ("", "look"):
        return Aftermath(state="untouched", message="Nothing was deleted.")
    caches = await _caches(request, around)
    rest = freed_by(item for cache in caches for item in cache.items)
    if not rest:
        return Aftermath(state="done", message="All that nobody needs is deleted.")
    return Aftermath(
        state="half",
        message=f"{spell_bytes(rest)} that nobody needs are still there; no package is half deleted.",
        way_out=request,
        way_out_title="Delete the rest",
    )


async def _caches(request: CleanRequest, around: Surroundings) -> tuple[Cache, ...]:
    disk = Disk(around.locations, environ=around.caller.environ, clock=around.clock)
    measured = Measurement(places=(), sizes={})
    async with aclosing(disk.measure(around.inventory)) as measurements:
        async for measurement in measurements:
            measured = measurement
    return await asyncio.to_thread(_look, measured, request, around)


def _look(measured: Measurement, request: CleanRequest, around: Surroundings) -> tuple[Cache, ...]:
    wanted = {os.path.realpath(each) for each in request.pkgs_dirs}
    recorded = {
        f"{record.name}-{record.version}-{record.build}"
        for environment in around.inventory.environments
        for record in (environment.contents.packages if environment.contents else ())
    }
    uses = measured.cache_uses(around.inventory.environments)
    return tuple(items_of(each, request.what, recorded) for each in uses if each.path in wanted)


async def _blockers(request: CleanRequest, around: Surroundings) -> tuple[Finding, ...]:
    known = await asyncio.to_thread(_known_caches, around)
    found: list[Finding] = []
    for pkgs_dir in request.pkgs_dirs:
        observed = await look(pkgs_dir, around, installation=known.get(pkgs_dir))
        found += conda_busy(observed)
        if observed.real not in known or not observed.directory:
            found.append(_blocker("not-a-cache", f"{printable(pkgs_dir)} is no package cache of a conda."))
        elif not observed.writable:
            found.append(_blocker("not-writable", f"This user may not delete anything in {printable(pkgs_dir)}."))
    return tuple(found)


def _known_caches(around: Surroundings) -> dict[str, Installation]:
    """The package caches of all installations, by their real paths, each with the first one that uses it."""
    known: dict[str, Installation] = {}
    for each in around.inventory.installations:
        facts = around.conda_facts.get(each.root_prefix)
        for path in package_caches(each.root_prefix, facts.pkgs_dirs if facts else ()):
            known.setdefault(path, each)
    return known


def _delete(pkgs_dir: str, items: Sequence[Item], left: list[Left], work: Work, job_id: str) -> tuple[int, int]:
    """Delete items of one kind; returns the bytes freed, and how many they were."""
    gone: list[Item] = []
    trash = os.path.join(pkgs_dir, f"{TRASH}{job_id}")
    for number, item in enumerate(items):
        if work.cancelled:
            break
        work.progress(number, len(items), "files")
        try:
            failed = _delete_package(item, trash) if item.what == "packages" else delete_tree(item.path)
        except OSError as error:
            failed = (Left(item.path, error.strerror or str(error)),)
        left += failed
        if not failed:
            gone.append(item)
    left += delete_tree(trash)
    return freed_by(gone), len(gone)


def _delete_package(item: Item, trash: str) -> tuple[Left, ...]:
    if os.path.basename(item.path).startswith(TRASH):
        return delete_tree(item.path)
    if package_item(item.path) is None:  # somebody has begun to use it
        return (Left(item.path, "it is used now"),)
    os.makedirs(trash, exist_ok=True)
    hidden = os.path.join(trash, os.path.basename(item.path))
    os.rename(item.path, hidden)
    return delete_tree(hidden)


def _left_behind(left: Sequence[Left]) -> tuple[Finding, ...]:
    if not left:
        return ()
    evidence = tuple(printable(str(each)) for each in left[:20])
    message = f"{len(left)} things could not be deleted: {evidence[0]}."
    return (Finding(id="left-behind", severity="warning", message=message, evidence=evidence),)


def _needed_by_points(caches: Sequence[Cache], around: Surroundings) -> tuple[str, ...]:
    """The packages of restore points that no cache would have any more, neither extracted nor as an archive."""
    going = {item.path for cache in caches for item in cache.items}
    known = tuple(_known_caches(around))
    directory = directory_of_points(around.settings, around.locations)
    needed: dict[str, None] = {}
    for point_id in point_ids(directory):
        with suppress(CondatuiError):
            for each in read_point(directory, point_id).needed:
                names = (each.dist_name, *([each.file_name] if each.file_name else ()))
                there = {os.path.join(pkgs_dir, name) for pkgs_dir in known for name in names}
                if there & going and not any(map(os.path.lexists, there - going)):
                    needed[each.dist_name] = None
    return tuple(needed)


def _unread(inventory: Inventory) -> tuple[str, ...]:
    return tuple(each.prefix for each in inventory.environments if each.state in ("unreadable", "broken"))


def _blocker(name: str, message: str) -> Finding:
    return Finding(id=name, severity="error", message=message)

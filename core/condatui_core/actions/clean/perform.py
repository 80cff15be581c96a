"""Cleans package caches of what no environment needs, as condatui counts it: conda overlooks copies and symlinks.

A package is moved to where conda does not look before its first file is deleted, so that conda never finds half a
package, and so is the index with its databases; what the caches of pip and uv have goes in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from condatui_core.actions.clean.facts import blockers_to_clean, caches_to_clean, planned_of
from condatui_core.actions.clean.installers import chosen_installer_caches, empty, held, soft_link_blockers
from condatui_core.actions.clean.items import HIDDEN_FIRST, Cache, Item, freed_by, is_trash, only, package_item
from condatui_core.actions.clean.needs import needs_of_points, removed_meanwhile
from condatui_core.actions.clean.plan import WORDS
from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.disk.tool_caches import TRASH
from condatui_core.fs.atomic_write import sync_path
from condatui_core.fs.delete_tree import Leftover, delete_tree
from condatui_core.fs.safe_read import reason
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import Cleanable, CleanRequest
from condatui_core.text import counted, format_bytes, sanitize


async def perform(plan: Plan, request: CleanRequest, context: JobContext, work: Work) -> Outcome:
    """Look again, then delete one planned item after the other; what cannot be deleted is among the findings.

    What has become unused since it was planned stays, and so does what a restore point needs that was made since.
    """
    await work.stage("look", "Looking for what no environment needs")
    refuse(await blockers_to_clean(request, context))
    with ExitStack() as stack:
        await work.in_thread(lambda: stack.enter_context(held(chosen_installer_caches(request, context))))
        return await _clean(plan, request, context, work)


async def _clean(plan: Plan, request: CleanRequest, context: JobContext, work: Work) -> Outcome:
    removed = await work.in_thread(partial(removed_meanwhile, request.removed_before))
    planned = planned_of(plan, await caches_to_clean(request, context, removed))
    # The walk takes a while: a conda may have begun to link since.
    refuse((*await blockers_to_clean(request, context, holding=True), *soft_link_blockers(planned)))
    caches, spared = await work.in_thread(partial(_spare_what_points_need, planned, plan, context))
    left: list[Leftover] = []
    freed = count = 0
    for what in request.what:
        await work.stage(what, f"Deleting {WORDS[what][1]}")
        for cache in caches:
            size, gone = await work.in_thread(partial(_delete, cache, what, left, work))
            freed, count = freed + size, count + gone
    await work.in_thread(partial(_sync, caches))
    return Outcome(
        message=f"{counted(count, 'thing')} deleted from {counted(len(caches), 'cache')}, {format_bytes(freed)} freed.",
        findings=(*_left_behind(left), *_told_as_spared(spared)),
        bytes_freed=freed,
        says_bytes=True,
    )


def _sync(caches: Iterable[Cache]) -> None:
    """Wait until what was deleted is gone from the disk; it has happened, whatever the disk says."""
    for each in caches:
        with suppress(OSError):
            sync_path(each.path)


def _spare_what_points_need(
    caches: tuple[Cache, ...], plan: Plan, context: JobContext
) -> tuple[tuple[Cache, ...], tuple[str, ...]]:
    """The caches without what restore points need that the plan did not say to be needed, and those packages.

    What can be got nowhere else stays even if it was said.
    """
    agreed = plan.cleaning.needed if plan.cleaning else ()
    needs = needs_of_points(caches, context)
    kept = {name: need.paths for name, need in needs.items() if name not in agreed or not need.replaceable}
    stays = frozenset().union(*kept.values())
    return only(caches, lambda path: path not in stays), tuple(kept)


def _told_as_spared(packages: Sequence[str]) -> tuple[Finding, ...]:
    if not packages:
        return ()
    count = counted(len(packages), "package stays", "packages stay")
    message = f"{count}: a restore point needs what was not needed when this was planned."
    return (finding("spared", "note", message, evidence=packages),)


def _delete(cache: Cache, what: Cleanable, left: list[Leftover], work: Work) -> tuple[int, int]:
    """Delete items of one kind; returns the bytes freed, and the number of items deleted."""
    items = [item for item in cache.items if item.what == what]
    if not cache.tool:
        return _delete_one_by_one(cache.path, items, left, work)
    try:
        freed, gone, stayed = empty(cache, items, work)
    except OSError as error:  # what was deleted from other caches is told all the same
        left.append(Leftover(cache.path, reason(error)))
        return 0, 0
    left += stayed
    return freed, len(gone)


def _delete_one_by_one(pkgs_dir: str, items: Sequence[Item], left: list[Leftover], work: Work) -> tuple[int, int]:
    gone: list[Item] = []
    trash = os.path.join(pkgs_dir, f"{TRASH}{work.job_id}")
    for number, item in enumerate(items):
        if work.cancelled:
            break
        work.progress(number, len(items), "files")
        try:
            failed = _delete_hidden(item, trash) if item.what in HIDDEN_FIRST else delete_tree(item.path)
        except OSError as error:
            failed = (Leftover(item.path, error.strerror or str(error)),)
        left += failed
        if not failed:
            gone.append(item)
    left += delete_tree(trash)
    return freed_by(gone), len(gone)


def _delete_hidden(item: Item, trash: str) -> tuple[Leftover, ...]:
    if is_trash(item.path):
        return delete_tree(item.path)
    if item.what == "packages" and package_item(item.path) is None:  # an environment uses it since
        return (Leftover(item.path, "it is used now"),)
    os.makedirs(trash, exist_ok=True)
    hidden = os.path.join(trash, os.path.basename(item.path))
    os.rename(item.path, hidden)
    return delete_tree(hidden)


def _left_behind(left: Sequence[Leftover]) -> tuple[Finding, ...]:
    if not left:
        return ()
    evidence = tuple(sanitize(str(each)) for each in left[:20])
    message = f"{counted(len(left), 'thing')} could not be deleted: {evidence[0]}."
    return (finding("left-behind", "warning", message, evidence=evidence),)

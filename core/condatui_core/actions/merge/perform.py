"""Merges a member into its keeper: nothing of the member is deleted before the merged environment is verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from condatui_core.actions.checkpoint import Checkpoint, being_changed, make_checkpoint, subject_of
from condatui_core.actions.guards import observe_prefix, refuse
from condatui_core.actions.merge.facts import MergeFacts, read_facts, remove_request, target_of
from condatui_core.actions.merge.making import Merging
from condatui_core.actions.merge.plan import blockers_of, name_of
from condatui_core.actions.merge.put_back import find_interrupted, plan_to_put_back, put_back, take_back
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.remove.keep import prune_points
from condatui_core.actions.remove.removal import Removal, Removed
from condatui_core.actions.set_aside import SetAside, begin_to_set_aside, stays_aside
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import Leftover
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan, PlannedMerge
from condatui_core.records.request import MergeRequest
from condatui_core.records.restore_point import Occasion, RestorePoint
from condatui_core.restore_points.store import bytes_of_point, delete_point, directory_of_points
from condatui_core.text import counted, format_bytes, sanitize


async def perform(plan: Plan, request: MergeRequest, context: JobContext, work: Work) -> Outcome:
    """Make and verify the merged environment, then remove the member.

    Raises RefusedError if something has changed since this was planned, CondatuiError if the merged environment could
    not be made: then it is gone again, and the member is as it was.
    """
    if request.put_back:
        return await _put_back(request, context, work)
    await work.stage("prepare", f"Looking at {sanitize(os.path.basename(request.member))} and its keeper")
    facts = await read_facts(request, context)
    refuse(await work.in_thread(partial(blockers_of, facts)))
    planned = _planned(plan, facts)
    merge = Merging(plan, planned, facts, context, work)
    return await (_InPlace(merge).run() if facts.in_place else _Beside(merge).run())


def _planned(plan: Plan, facts: MergeFacts) -> PlannedMerge:
    """What was planned. RefusedError if that would not come of what is there now."""
    planned = plan.merge or PlannedMerge()
    keeper = facts.source.records if facts.source else ()
    same = planned.specs == facts.extras.specs and {each.dist_name for each in keeper} <= set(planned.packages)
    if not same or planned.distributions != tuple(each.name for each in facts.extras.distributions):
        raise RefusedError("The packages have changed since this was planned.", facts.member_prefix, "Plan it again.")
    return planned


# In place of the member


@dataclass(slots=True)
class _Replaced:
    """The member while the merged environment takes its place."""

    kept: Checkpoint
    aside: SetAside | None = None
    """Where it is set aside; None until it is."""
    whole: bool = False
    """Whether the merged environment is whole, so that nothing is put back any more."""
    left: tuple[Leftover, ...] = ()
    """What could not be deleted, or has changed since it was kept."""


class _InPlace:
    """A merge in which the merged environment gets the path of the member."""

    def __init__(self, merge: Merging) -> None:
        self._merge = merge
        self._context = merge.context
        self._work = merge.work
        self._points = directory_of_points(merge.context.settings, merge.context.locations)
        self._prefix = merge.facts.member_prefix

    async def run(self) -> Outcome:
        """Keep the member, set it aside, make the merged environment, delete the member; or put it back."""
        work, name, begun = self._work, self._merge.name, self._context.clock()
        tried = await self._merge.try_member()
        await work.stage("keep", f"Making a restore point of {name}")
        replaced = _Replaced(await work.in_thread(self._keep))
        try:
            await work.stage("set-aside", f"Setting {name} aside")
            aside = await work.in_thread(partial(self._set_aside, replaced))
            made = await self._merge.make(aside.path, tried)
            await work.in_thread(partial(self._complete, replaced, aside))
            await work.stage("remove", f"Removing what was {name}")
            await work.in_thread(partial(self._delete, replaced, aside))
        except BaseException as error:
            await work.in_thread(partial(self._undo, replaced, error))
            raise
        finally:
            if replaced.aside:
                replaced.aside.close()
        return await self._outcome(replaced, made, begun)

    def _keep(self) -> Checkpoint:
        subject = subject_of(self._prefix, self._context, Occasion(change="merge"))
        kept = make_checkpoint(subject, self._context, self._work, limited=self._merge.limited)
        self._work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")
        return kept

    def _set_aside(self, replaced: _Replaced) -> SetAside:
        """Rename the member. RefusedError if something has changed in it since it was kept."""
        snapshot = replaced.kept.snapshot
        replaced.aside = begin_to_set_aside(self._prefix, snapshot.tree.entries[0].inode, "merging")
        self._refuse_change(replaced)
        replaced.aside.sync()
        return replaced.aside

    def _complete(self, replaced: _Replaced, aside: SetAside) -> None:
        self._refuse_change(replaced)
        self._merge.complete()
        replaced.whole = True
        aside.sync()

    def _refuse_change(self, replaced: _Replaced) -> None:
        """Raise RefusedError if something has changed in the member since it was kept."""
        assert replaced.aside is not None
        if changed := replaced.kept.snapshot.first_change(replaced.aside.path):
            raise being_changed(self._merge.name, changed)

    def _delete(self, replaced: _Replaced, aside: SetAside) -> None:
        """Delete the member, but for what has changed in it since it was kept."""
        replaced.left = aside.delete(replaced.kept.snapshot.sees_unchanged())
        aside.sync()

    def _undo(self, replaced: _Replaced, error: BaseException) -> None:
        """Take back what was made, and give the member its path again; once the merged one is whole, nothing.

        Raises CondatuiError if the member stays where it was set aside: its restore point stays as well.
        """
        aside = replaced.aside
        if replaced.whole:
            return
        if aside is not None:
            take_back(self._prefix, self._prefix, aside, self._work, self._context)
            if os.path.lexists(aside.path):
                failed = error if isinstance(error, CondatuiError) else CondatuiError("The merge was interrupted.")
                raise stays_aside(failed, aside) from error
            aside.sync()
        with suppress(OSError):  # it was made for nothing
            delete_point(self._points, replaced.kept.point.id)

    async def _outcome(self, replaced: _Replaced, made: Outcome, begun: datetime) -> Outcome:
        work, facts, point = self._work, self._merge.facts, replaced.kept.point
        used = (await work.in_thread(partial(read_tree, self._prefix))).exclusive_bytes
        bytes_kept = await work.in_thread(partial(bytes_of_point, self._points, point.id))
        last_used = facts.member.last_used if facts.member else None
        note = OwnUses(self._context.locations.own_uses).note
        await work.in_thread(lambda: note(self._prefix, begun, self._context.clock(), last_used))
        await _prune(self._merge, (point.id,))
        findings = [*made.findings, _way_back(self._merge.name, point)]
        if replaced.left and replaced.aside:
            findings.append(_left_behind(self._merge.name, replaced.aside.path, replaced.left))
        freed = replaced.kept.snapshot.tree.exclusive_bytes
        return _merged(self._merge, findings, freed=freed - used - bytes_kept, kept=bytes_kept, point=point.id)


def _way_back(name: str, point: RestorePoint) -> Finding:
    message = f"Restore point {point.id} has {name} as it was: bringing it back replaces the merged one."
    return finding("way-back", "note", message)


def _left_behind(name: str, path: str, left: Sequence[Leftover]) -> Finding:
    message = f"{counted(len(left), 'thing')} of what was {name} could not be deleted: it is in {sanitize(path)}."
    return finding(
        "left-behind", "error", message, "Delete it by hand.", (sanitize(str(each)) for each in left), most=20
    )


async def _prune(merge: Merging, points: Sequence[str]) -> None:
    removal = merge.plan.removal
    agreed = removal.prunes if removal else ()
    prune = partial(prune_points, merge.context, agreed=agreed, spare=points)
    for pruned in await merge.work.in_thread(prune):
        merge.work.say(f"restore point {pruned.point.id} ({format_bytes(pruned.bytes)}) is deleted")


def _merged(merge: Merging, findings: Sequence[Finding], *, freed: int, kept: int, point: str) -> Outcome:
    facts = merge.facts
    keeper, packages = name_of(facts.keeper, facts.request.keeper), counted(len(merge.planned.packages), "package")
    gained = f"{format_bytes(freed)} freed" if freed >= 0 else f"{format_bytes(-freed)} used"
    return Outcome(
        message=f"{merge.name} was merged into {keeper}: {packages}, {gained}, restore point {point}.",
        findings=tuple(findings),
        bytes_freed=freed,
        kept_bytes=kept,
        predicted_bytes=merge.plan.bytes_freed,
        predicted_at_least=merge.plan.frees_at_least,
        says_bytes=True,
        files=(facts.target,),
        restore_points=(point,),
    )


# Beside the member


class _Beside:
    """A merge in which the merged environment gets a path of its own; the member is removed afterwards."""

    def __init__(self, merge: Merging) -> None:
        self._merge = merge
        self._work = merge.work
        self._whole = False

    async def run(self) -> Outcome:
        """Make the merged environment, or take it back; then remove the member."""
        merge, work, facts = self._merge, self._work, self._merge.facts
        tried = await merge.try_member()
        try:
            made = await merge.make(facts.member_prefix, tried)
            await work.in_thread(self._complete)
        except BaseException:
            if not self._whole:
                await work.in_thread(partial(take_back, facts.target, facts.member_prefix, None, work, merge.context))
            raise
        return await self._remove(made)

    def _complete(self) -> None:
        self._merge.complete()
        self._whole = True

    async def _remove(self, made: Outcome) -> Outcome:
        merge, facts, removed = self._merge, self._merge.facts, Removed()
        prefix, request = facts.member_prefix, remove_request(facts.request)
        removal = Removal(prefix, merge.plan, request, merge.context, self._work, removed)
        await removal.carry_out(limited=merge.limited)
        await _prune(merge, removed.points)
        used = (await self._work.in_thread(partial(read_tree, facts.target))).exclusive_bytes
        findings = (*made.findings, *removed.findings)
        freed, point = removed.freed - removed.kept - used, " ".join(removed.points)
        return _merged(merge, findings, freed=freed, kept=removed.kept, point=point)


# Putting a member back


async def _put_back(request: MergeRequest, context: JobContext, work: Work) -> Outcome:
    """Give a member that an interrupted merge has set aside its path again."""
    name = sanitize(os.path.basename(request.member))
    observed = await observe_prefix(target_of(request), context)
    await work.stage("put-back-member", f"Putting {name} back")
    found = await work.in_thread(partial(find_interrupted, request.member))
    plan = await work.in_thread(partial(plan_to_put_back, request, found, observed, context))
    refuse(plan.blockers)
    try:
        stays = await work.in_thread(partial(put_back, found, context))
    except OSError as error:
        raise CondatuiError(f"{name} could not be put back.", f"{error.filename}: {reason(error)}") from error
    findings: tuple[Finding, ...] = ()
    if stays:
        message = f"What was being made there was used meanwhile, and stays in {sanitize(stays)}."
        findings = (finding("used-since", "warning", message, "Look what is in it; then delete it."),)
    return Outcome(message=f"{name} is back as it was.", findings=findings, files=(found.member,))

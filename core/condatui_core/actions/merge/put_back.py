"""Puts a member back that a merge has set aside, and takes away what was being made in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from condatui_core.actions.checkpoint import being_changed
from condatui_core.actions.guards import blockers_to_change
from condatui_core.actions.half_made import came_since
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete, read_marker
from condatui_core.actions.prefix_change import PrefixChange, same
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, Work, caches_of
from condatui_core.actions.set_aside import SetAside, begin_to_set_aside, hold_set_aside, set_aside_of
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import Identity
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import TreeEntry, read_tree
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import MergeRequest
from condatui_core.restore_points.create import estimate
from condatui_core.text import sanitize

# What an interrupted merge has left


@dataclass(frozen=True, slots=True)
class InterruptedMerge:
    """What is at the path of a member and beside it, after a merge that did not come to its end."""

    member: str
    """The path."""
    aside: tuple[str, ...] = ()
    """Where the member itself was set aside."""
    made: tuple[str, ...] = ()
    """Where what was being made in its place was set aside, as it was taken back."""
    there: bool = False
    """Whether something is at the path."""
    half_made: bool = False
    """Whether that is what was being made."""


def find_interrupted(member: str) -> InterruptedMerge:
    """Look what a merge has left at and beside the path of its member; blocks."""
    member = os.path.normpath(member)
    beside = set_aside_of(member)
    made = tuple(each for each in beside if is_marked_incomplete(each) or is_empty(each))
    return InterruptedMerge(
        member=member,
        aside=tuple(each for each in beside if each not in made),
        made=made,
        there=os.path.lexists(member),
        half_made=is_marked_incomplete(member) or is_empty(member),
    )


def plan_to_put_back(
    request: MergeRequest, found: InterruptedMerge, observed: PrefixState, context: JobContext
) -> Plan:
    """Plan how the member gets its path again; blocks."""
    name = sanitize(os.path.basename(found.member))
    steps = [Step(title=f"Rename {sanitize(each)} to {sanitize(found.member)}") for each in found.aside[:1]]
    if found.there:
        steps.insert(0, Step(title="Set aside what was being made there"))
        steps.append(Step(title="Delete what was being made"))
    return Plan(
        request=request,
        title=f"Put {name} back as it was",
        steps=tuple(steps),
        prefixes=(found.member,),
        blockers=tuple(_blockers(found, observed, context)),
    )


def _blockers(found: InterruptedMerge, observed: PrefixState, context: JobContext) -> Iterator[Finding]:
    name = sanitize(os.path.basename(found.member))
    if len(found.aside) != 1:
        what = "is not set aside" if not found.aside else f"was set aside {len(found.aside)} times"
        yield blocker("not-an-environment", f"{name} {what}.", "Look what is there.", map(sanitize, found.aside))
    if found.there and not found.half_made:
        message = f"What is at {sanitize(found.member)} is whole: it is not replaced."
        yield blocker("target-exists", message, "Remove that first.")
    if found.half_made:
        environment = context.environment(found.member)
        yield from blockers_to_change(observed, environment, context, with_conda=False)


# Putting it back


def put_back(found: InterruptedMerge, context: JobContext) -> str:
    """Give the member its path again; blocks. Returns where what was made is, if it was used since and so stays.

    Raises RefusedError if what is at the path is not half-made any more, CondatuiError if the path is taken by
    something else, or the member cannot be renamed: then what was at the path is there again.
    """
    with ExitStack() as stack:
        aside = hold_set_aside(found.aside[0])
        stack.callback(aside.close)
        made = _Made.read(found.member, aside.path, context) if found.there else None
        if made:
            half = made.set_aside(found.member)
            stack.callback(half.close)
        if aside.put_back() != found.member:
            if made and made.aside:
                made.aside.put_back()
            title = f"{sanitize(os.path.basename(found.member))} could not be put back."
            raise CondatuiError(title, f"It is at {sanitize(aside.path)}.", "Is its path free?")
        stays = made.delete_unused() if made else ""
        aside.sync()
        return stays


def take_back(target: str, member: str, aside: SetAside | None, work: Work, context: JobContext) -> None:
    """Undo what a merge has made at a path, in the process that made it; blocks.

    With `aside`, the member that lies there gets its path again, if it is free. What was made and stays, because it
    was used meanwhile or cannot be taken away, is named in the output.
    """
    made = _made_by(target, aside.path if aside else member, work, context)
    if aside:
        aside.put_back()
    if made is None or made.aside is None:
        return
    try:
        if stays := made.delete_unused():
            work.say(f"what was made was used meanwhile, and stays in {sanitize(stays)}")
    finally:
        made.aside.close()


def _made_by(target: str, member: str, work: Work, context: JobContext) -> _Made | None:
    """Set aside the half-made environment at a path, if this job is making it; an empty directory goes."""
    marker = read_marker(target)
    try:
        if marker and marker.job == work.job_id:
            made = _Made.read(target, member, context)
            made.set_aside(target, work.job_id)
            return made
        if is_empty(target):
            os.rmdir(target)
    except (OSError, CondatuiError) as error:
        why = error.in_one_line if isinstance(error, CondatuiError) else reason(error)
        work.say(f"what was made stays in {sanitize(target)}: {sanitize(why)}")
    return None


@dataclass(slots=True)
class _Made:
    """What a merge was making, as it was at its path."""

    snapshot: PrefixSnapshot
    came: tuple[str, ...]
    """What came into it or was changed in it since."""
    aside: SetAside | None = None

    @classmethod
    def read(cls, target: str, member: str, context: JobContext) -> _Made:
        """Read what is at a path; `member` is where the member lies."""
        snapshot = read_snapshot(target)
        caches = caches_of(context.installation(context.environment(target)), context)
        came = came_since(estimate(snapshot, caches), context, thorough=False)
        of_member = _entries(member)
        entries = {each.path: each for each in snapshot.tree.entries}
        change = PrefixChange(member, target)
        return cls(
            snapshot,
            tuple(
                path
                for path in came
                if not path.startswith(_META)
                and not (path in of_member and _is_same(of_member[path], entries[path], change))
            ),
        )

    @property
    def identity(self) -> Identity:
        """Device and inode of its directory."""
        return self.snapshot.tree.entries[0].inode

    def set_aside(self, target: str, job: str = "") -> SetAside:
        """Set it aside, and look once more whether that is still half-made, and by this `job` if it is named.

        Raises RefusedError if it was made whole, or replaced, since it was read: then it has its path again.
        """
        half = begin_to_set_aside(target, self.identity, "merging")
        if _is_still_made(half.path, job):
            self.aside = half
            return half
        half.put_back()
        half.close()
        raise being_changed(os.path.basename(target), target)

    def delete_unused(self) -> str:
        """Delete it, unless something came into it or comes now; returns where it stays, empty if it is gone."""
        assert self.aside is not None
        with suppress(OSError):
            if not self.came and not self.aside.delete(self.snapshot.sees_unchanged()):
                return ""
        return self.aside.path


def _is_still_made(path: str, job: str) -> bool:
    if job:
        marker = read_marker(path)
        return marker is not None and marker.job == job
    return is_marked_incomplete(path) or is_empty(path)


_META = "conda-meta/"


def _entries(prefix: str) -> dict[str, TreeEntry]:
    try:
        return {each.path: each for each in read_tree(prefix, leaving_out=("envs", "pkgs")).entries}
    except OSError:
        return {}


def _is_same(there: TreeEntry, entry: TreeEntry, change: PrefixChange) -> bool:
    try:
        return same(there, entry, change)
    except OSError:
        return False

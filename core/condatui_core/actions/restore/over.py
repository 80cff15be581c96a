"""Replaces an environment by how it was: kept, set aside, made again, and deleted once that is verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.checkpoint import Checkpoint, being_changed, make_checkpoint, subject_of
from condatui_core.actions.half_made import came_since
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.protocol import JobContext, Work, caches_of
from condatui_core.actions.restore.plan import Restorable, points_directory
from condatui_core.actions.restore.present import Present, before_restoring
from condatui_core.actions.restore.rebuild import Rebuilding
from condatui_core.actions.restore.recover import GRAVE
from condatui_core.actions.set_aside import (
    SetAside,
    begin_to_set_aside,
    hold_set_aside,
    how_to_put_back,
    stays_aside,
)
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import Leftover
from condatui_core.fs.held_tree import Identity
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome
from condatui_core.restore_points.create import estimate
from condatui_core.restore_points.store import bytes_of_point, delete_point
from condatui_core.restore_points.verify import Differing
from condatui_core.text import counted, sanitize

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Replaced:
    """How an environment was replaced by how it was."""

    differing: tuple[Differing, ...]
    used: int
    """The bytes that `df` has lost to what was made."""
    freed: int
    """The bytes that it has gained by what was deleted, less those of the restore point."""
    point: str
    """The id of the restore point of what was there."""
    left: tuple[Leftover, ...]
    """What was set aside and could not be deleted, or has changed since it was kept."""
    aside: str

    def added_to(self, outcome: Outcome) -> Outcome:
        """The outcome of the restore, with what has become of the environment that was there."""
        return replace(
            outcome,
            message=f"{outcome.message} Restore point {self.point} has it as it was until now.",
            findings=(*outcome.findings, *((_left_aside(self),) if self.left else ())),
            bytes_freed=self.freed,
            restore_points=(self.point,),
        )


class Replacing:
    """The replacement of an environment by how a restore point has it."""

    def __init__(self, rebuilding: Rebuilding, present: Present, *, limited: bool) -> None:
        self._rebuilding = rebuilding
        self._found = rebuilding.found
        self._context = rebuilding.context
        self._work = rebuilding.work
        self._present = present
        self._limited = limited
        self._directory = points_directory(rebuilding.context)
        self._aside: SetAside | None = None
        """What was set aside; noted in the thread itself, as a cancellation loses what a thread returns."""

    async def carry_out(self) -> Replaced:
        """Keep it, set it aside, make it again, and delete what was set aside; if anything fails, put that back."""
        name, work = sanitize(self._found.point.name), self._work
        await work.stage("keep", f"Making a restore point of {name} as it is now")
        kept = await work.in_thread(self._keep)
        try:
            try:
                await work.stage("aside", f"Setting {name} aside")
                aside = await work.in_thread(partial(self._set_aside, kept))
                differing, used = await self._rebuilding.carry_out()
                _refuse_what_differs(name, differing)
            except BaseException as error:
                await work.in_thread(partial(self._undo, kept, error))
                raise
            await work.stage("delete", f"Deleting what was set aside of {name}")
            return await work.in_thread(partial(self._delete, aside, kept, differing, used))
        finally:
            if self._aside:
                self._aside.close()

    def _keep(self) -> Checkpoint:
        point = self._found.point
        subject = subject_of(point.prefix, self._context, before_restoring(point.id))
        kept = make_checkpoint(subject, self._context, self._work, limited=self._limited)
        if kept.snapshot.tree.entries[0].inode != self._present.identity:
            self._discard(kept)
            raise being_changed(point.name, point.prefix)
        self._work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")
        return kept

    def _set_aside(self, kept: Checkpoint) -> SetAside:
        """Set it aside as it was kept. Raises RefusedError if it has changed since."""
        self._aside = begin_to_set_aside(self._found.target, self._present.identity, "restoring")
        if changed := kept.snapshot.first_change(self._aside.path):
            raise being_changed(self._found.point.name, changed)
        self._aside.sync()
        return self._aside

    def _undo(self, kept: Checkpoint, error: BaseException) -> None:
        if self._aside:
            self._take_back(self._aside, kept, error)
        else:
            self._discard(kept)

    def _take_back(self, aside: SetAside, kept: Checkpoint, error: BaseException) -> None:
        """Put back what was set aside, in the place of what was made instead; CondatuiError if that has failed too."""
        half = _half_made(self._found.target, self._rebuilding.identity)
        if aside.put_back() != aside.prefix:
            if half:
                half.close()
            failed = error if isinstance(error, CondatuiError) else CondatuiError("It was interrupted.")
            raise stays_aside(failed, aside) from error
        aside.sync()  # before what can bring it back goes
        self._work.say(f"{sanitize(self._found.point.name)} is at its path again as it was")
        self._discard(kept)
        if half and (stays := _delete_unused(half, self._found, self._context)):
            self._work.say(stays)
        aside.sync()

    def _delete(self, aside: SetAside, kept: Checkpoint, differing: tuple[Differing, ...], used: int) -> Replaced:
        """Delete of what was set aside what is as it was kept."""
        freed = read_tree(aside.path).exclusive_bytes
        left = aside.delete(kept.snapshot.sees_unchanged())
        if os.path.lexists(aside.path):
            freed -= read_tree(aside.path).exclusive_bytes
        aside.sync()
        freed -= bytes_of_point(self._directory, kept.point.id)
        return Replaced(differing, used, freed, kept.point.id, left, aside.path)

    def _discard(self, kept: Checkpoint) -> None:
        """Delete a restore point that was made for nothing."""
        with suppress(OSError):
            delete_point(self._directory, kept.point.id)


def _refuse_what_differs(name: str, differing: Sequence[Differing]) -> None:
    """Raise CondatuiError if what was made is not what the restore point has, but for owners, modes and times."""
    grave = [each for each in differing if each.what in (*GRAVE, "extra")]
    if grave:
        count = counted(len(grave), "path is not as it was", "paths are not as they were")
        lines = "\n".join(sanitize(each.path) for each in grave[:_MOST_LINES])
        raise CondatuiError(f"{name} could not be brought back to how it was: {count}.", lines)


def _half_made(target: str, identity: Identity | None) -> SetAside | None:
    """Set aside what a job has made at a path so far; None if it has made nothing there."""
    if identity is None:
        return None
    try:
        return begin_to_set_aside(target, identity, "restoring")
    except CondatuiError:  # something else is there now, or nothing
        return None


def _delete_unused(half: SetAside, found: Restorable, context: JobContext) -> str:
    """Delete what was made in part, unless something came into it since; returns a line that says where it stays."""
    try:
        snapshot = read_snapshot(half.path)
        came = came_since(estimate(snapshot, caches_of(found.installation, context)), context, thorough=False)
        if not came and not half.delete(snapshot.sees_unchanged()):
            return ""
    except (OSError, CondatuiError):
        pass
    finally:
        half.close()
    return f"what was made instead is in {sanitize(half.path)}"


def _left_aside(replaced: Replaced) -> Finding:
    message = f"{counted(len(replaced.left), 'thing')} that was set aside could not be deleted, or has changed since."
    remedy = f"Look at it, then remove it: {sanitize(replaced.aside)}"
    return finding("left-behind", "warning", message, remedy, map(sanitize, map(str, replaced.left)))


# Putting back what an interrupted restore has set aside


async def put_back(found: Restorable, context: JobContext, work: Work) -> Outcome:
    """Give what was set aside its name again, in the place of what was made in part; nothing of either is lost."""
    name = sanitize(found.point.name)
    await work.stage("put-back", f"Putting {name} back")
    stays = await work.in_thread(partial(_put_back, found, context))
    with suppress(OSError):  # it was made for nothing
        await work.in_thread(partial(delete_point, points_directory(context), found.point.id))
    message = f"{name} is at its path again, as it was before it was interrupted."
    findings = (finding("left-behind", "warning", f"Something came into it since: {stays}."),) if stays else ()
    return Outcome(message=message, findings=findings, files=(found.target,))


def _put_back(found: Restorable, context: JobContext) -> str:
    """Put it back; returns a line about what was made in part if it has to stay."""
    aside = hold_set_aside(found.put_back)
    try:
        half = _in_the_way(found)
        if aside.put_back() != found.target:
            if half:
                half.put_back()
                half.close()
            raise RefusedError(
                f"{sanitize(found.point.name)} could not be put back.",
                f"It is in {sanitize(found.put_back)}.",
                f"Once its path is free: {sanitize(how_to_put_back(found.put_back))}",
            )
        aside.sync()
    finally:
        aside.close()
    return _delete_unused(half, found, context) if half else ""


def _in_the_way(found: Restorable) -> SetAside | None:
    """Set aside what was made in part where it was; None if nothing is there. RefusedError if it is whole by now."""
    if not os.path.lexists(found.target):
        return None
    status = os.lstat(found.target)
    half = begin_to_set_aside(found.target, (status.st_dev, status.st_ino), "restoring")
    if is_marked_incomplete(half.path) or is_empty(half.path):
        return half
    half.put_back()
    half.close()
    raise being_changed(found.point.name, found.target)

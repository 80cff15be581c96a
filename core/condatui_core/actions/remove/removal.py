"""The removal of one path: look again, keep, set aside, delete what is kept, look whether it is gone."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.remove.earlier_points import point_of_begun_removal, points_of
from condatui_core.actions.remove.findings import blockers_of
from condatui_core.actions.remove.inspect import RemovalTarget, inspect_targets
from condatui_core.actions.remove.keep import being_changed, create_point, is_unused, read_before_removal
from condatui_core.actions.remove.kernels import going_along, take_along
from condatui_core.actions.set_aside import SetAside, set_aside
from condatui_core.conda.registry import unregister
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import Leftover
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import BlindKernel, Plan, PlannedRemoval
from condatui_core.records.request import RemoveRequest
from condatui_core.records.restore_point import Occasion, RestorePoint
from condatui_core.restore_points.store import bytes_of_point, delete_point, directory_of_points
from condatui_core.text import counted, sanitize

_ATTEMPTS = 3
"""How often what is set aside is read again because another process still writes into it."""


@dataclass(slots=True)
class Removed:
    """What has come of a job so far."""

    names: list[str] = field(default_factory=list)
    """What went."""
    findings: list[Finding] = field(default_factory=list)
    errors: list[CondatuiError] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    kernels: list[str] = field(default_factory=list)
    """The names of the Jupyter kernels that went along."""
    freed: int = 0
    kept: int = 0


class Removal:
    """The removal of one path."""

    def __init__(
        self, prefix: str, plan: Plan, request: RemoveRequest, context: JobContext, work: Work, removed: Removed
    ) -> None:
        self._prefix = prefix
        self._plan = plan
        self._request = request
        self._context = context
        self._work = work
        self._removed = removed
        self._directory = directory_of_points(context.settings, context.locations)
        self._kernels: tuple[BlindKernel, ...] = ()
        """Those that go along."""
        self._kernels_kept = f"{work.job_id}-{request.prefixes.index(prefix) + 1}"
        """The name of the directory for their copies: each environment of a job has its own."""

    async def carry_out(self, *, limited: bool) -> None:
        """Look again, keep, remove, look whether it is gone."""
        await self._work.stage("look", f"Looking at {sanitize(self._prefix)}")
        target = (await inspect_targets((self._prefix,), self._context))[0]
        refuse(await self._work.in_thread(partial(blockers_of, target, self._request, self._context)))
        _check_plan(target, self._plan)
        if self._request.with_kernels and self._plan.removal:
            self._kernels = going_along(self._plan.removal.kernels, target.observed.real)
        if target.kind == "link":
            await self._delete_link(target)
        elif target.kind in ("environment", "remains"):
            await self._delete_directory(target, limited=limited)
            await self._take_kernels()
        await self._forget(target)
        self._removed.names.append(target.name)

    async def _delete_link(self, target: RemovalTarget) -> None:
        await self._work.stage("unlink", f"Deleting the link {sanitize(target.name)}")
        try:
            await self._work.in_thread(partial(os.unlink, target.path))
        except OSError as error:
            raise CondatuiError("The link could not be deleted.", f"{target.path}: {error.strerror}") from error
        stays = target.observed.real
        self._work.say(f"{stays} stays; `ln -s {stays} {target.path}` makes the link again")

    async def _delete_directory(self, target: RemovalTarget, *, limited: bool) -> None:
        name = sanitize(target.name)
        if self._request.restore_point:
            await self._work.stage("keep", f"Making a restore point of {name}")
        kept = Kept(await self._work.in_thread(partial(read_before_removal, target)))
        if self._request.restore_point:
            await self._work.in_thread(partial(self._keep, target, kept, limited=limited))
        elif self._keeps_unused(target):
            await self._work.in_thread(partial(self._check_unused, target, kept))
        await self._work.stage("remove", f"Removing {name}")
        gone = await self._work.in_thread(partial(self._take_away, target, kept, limited=limited))
        await self._work.stage("leftovers", f"Looking what is left of {name}")
        await self._account(target, kept, gone)

    def _keep(self, target: RemovalTarget, kept: Kept, *, limited: bool) -> None:
        """Make a restore point, unless there is one of before it was removed in part, or nothing that needs one."""
        if is_unused(target, kept.snapshot, self._context, self._work):
            self._work.say(f"{sanitize(target.name)} was never finished: what it was made of is where it was")
            return
        points = points_of(self._directory, target.path)
        if point := point_of_begun_removal(target.path, kept.snapshot.tree, points, self._directory):
            kept.point, kept.made = point, False
            self._work.say(f"restore point {point.id} has all of it already")
            return
        occasion = Occasion(kernels=self._kernels_kept if self._kernels else "")
        point = create_point(target, kept.snapshot, self._context, self._work, limited=limited, occasion=occasion)
        kept.point, kept.made = point, True
        self._work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")

    def _keeps_unused(self, target: RemovalTarget) -> bool:
        """Whether nothing may be lost although there is no restore point: the plan saw nothing of its own in it."""
        used = self._plan.removal.used_since if self._plan.removal else ()
        return target.half_made and target.path not in used

    def _check_unused(self, target: RemovalTarget, kept: Kept) -> None:
        """Refuse to lose what came into a half-made environment after its removal was planned."""
        if not is_unused(target, kept.snapshot, self._context, self._work):
            title = f"{sanitize(target.name)} has been used since this was planned."
            raise RefusedError(title, target.path, "Plan it again, if it is to go.")

    def _take_away(self, target: RemovalTarget, kept: Kept, *, limited: bool) -> _Gone:
        """Set it aside, keep what came since, delete what is kept, and put back what stays; blocks.

        Cancelling does not interrupt this: until the deletion begins an error puts everything back.
        """
        begun = False
        try:
            with set_aside(target.path, kept.snapshot.tree.entries[0].inode) as aside:
                self._keep_what_came(target, aside, kept, limited=limited)
                begun = True
                safe = self._request.restore_point or self._keeps_unused(target)
                left = aside.delete(kept.snapshot.sees_unchanged() if safe else None)
                left_at = aside.put_back()
                aside.sync()
                if left and not left_at:
                    raise _moved_away(target, kept.point, aside.path)
                return _Gone(left, aside.path, left_at)
        except CondatuiError:
            if not begun:
                self._discard(kept)
            raise

    def _keep_what_came(self, target: RemovalTarget, aside: SetAside, kept: Kept, *, limited: bool) -> None:
        """Compare what is set aside with what was read of it, and read and keep it again if something has changed.

        Raises RefusedError if another process goes on writing into it.
        """
        for _ in range(_ATTEMPTS):
            changed = kept.snapshot.first_change(aside.path)
            if not changed:
                return
            self._work.say(f"{sanitize(changed)} has changed since it was read: reading {target.name} again")
            snapshot = read_before_removal(target, aside.path, aside.inode)
            again = Kept(snapshot)
            if self._request.restore_point:
                self._keep(target, again, limited=limited)
                assert again.point
                if kept.point and again.point.id == kept.point.id:  # the rest of what it has whole
                    again.made = kept.made
                else:
                    self._discard(kept)
            elif self._keeps_unused(target):
                self._check_unused(target, again)
            kept.snapshot, kept.point, kept.made = again.snapshot, again.point, again.made
        if changed := kept.snapshot.first_change(aside.path):
            raise being_changed(target, changed)

    def _discard(self, kept: Kept) -> None:
        """Delete a restore point that was made for nothing."""
        if kept.point and kept.made:
            with suppress(OSError):
                delete_point(self._directory, kept.point.id)
            kept.point = None

    async def _account(self, target: RemovalTarget, kept: Kept, gone: _Gone) -> None:
        freed, point = kept.snapshot.tree.exclusive_bytes, kept.point
        if gone.left_at:
            freed -= (await self._work.in_thread(partial(read_tree, gone.left_at))).exclusive_bytes
            self._removed.findings.append(_left_behind(target, gone))
        elif await self._work.in_thread(partial(os.path.lexists, target.path)):
            self._removed.findings.append(_come_up(target))
        self._removed.freed += freed
        if point:
            self._removed.points.append(point.id)
            self._removed.kept += await self._work.in_thread(partial(bytes_of_point, self._directory, point.id))
        if gone.left_at:
            raise _still_there(target, point, gone)

    async def _take_kernels(self) -> None:
        """Let the kernels go along that start it, once it is gone: before, they would be gone for nothing."""
        if not self._kernels:
            return
        await self._work.stage("kernels", f"Deleting {counted(len(self._kernels), 'Jupyter kernel')}")
        kept = self._context.locations.kernels / self._kernels_kept
        take = partial(take_along, self._kernels, kept, self._context, tells_how=not self._request.restore_point)
        gone = await self._work.in_thread(take)
        self._removed.kernels += gone.names
        self._removed.findings += gone.findings

    async def _forget(self, target: RemovalTarget) -> None:
        """Take it out of environments.txt, unless another environment has come up at its path."""
        try:
            await self._work.in_thread(partial(_unregister, self._context.caller.home, target))
        except OSError as error:
            message = f"{sanitize(target.name)} is still listed in environments.txt: {error.strerror}."
            self._removed.findings.append(finding("registered", "warning", message))


@dataclass(slots=True)
class Kept:
    """What was read of a directory that goes, and kept."""

    snapshot: PrefixSnapshot
    point: RestorePoint | None = None
    made: bool = False
    """Whether this job has made the restore point."""


@dataclass(frozen=True, slots=True)
class _Gone:
    """What has come of the deletion of what was set aside."""

    left: tuple[Leftover, ...]
    aside: str
    """Where it was set aside."""
    left_at: str
    """Where what could not be deleted is now; empty if there is nothing."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What could not be deleted, by the paths that it has now, and why."""
        return tuple(str(each).replace(self.aside, self.left_at, 1) for each in self.left)


def _unregister(home: Path, target: RemovalTarget) -> None:
    gone = {target.path, target.origin}
    unregister(home, [each for each in gone if not os.path.isfile(os.path.join(each, "conda-meta", "history"))])


def _check_plan(target: RemovalTarget, plan: Plan) -> None:
    """Refuse a directory that the plan has not seen: it was made, took another's place, or was mounted there, since."""
    if target.kind not in ("environment", "remains"):
        return
    name, planned = sanitize(target.name), plan.removal or PlannedRemoval()
    if target.path not in planned.directories:
        title = f"{name} has appeared since this was planned."
        raise RefusedError(title, target.path, "Plan it again, if it is to go.")
    seen = dict(zip(planned.directories, planned.identities, strict=False))  # an older condatui has noted none
    if seen.get(target.path, target.observed.identity) != target.observed.identity:
        title = f"{name} is another directory than when this was planned."
        raise RefusedError(title, target.path, "Plan it again, if it is to go.")


def _left_behind(target: RemovalTarget, gone: _Gone) -> Finding:
    message = f"{counted(len(gone.left), 'thing')} of {sanitize(target.name)} could not be deleted."
    lines = map(sanitize, gone.lines)
    return blocker("left-behind", message, "Delete them by hand, or ask whose they are.", lines, most=20)


def _come_up(target: RemovalTarget) -> Finding:
    message = f"Something else has come up at {sanitize(target.path)} meanwhile: it stays as it is."
    return finding("come-up", "warning", message, "Look what it is, and who has made it.")


def _moved_away(target: RemovalTarget, point: RestorePoint | None, path: str) -> CondatuiError:
    saved = f"Restore point {point.id} has what was deleted." if point else ""
    return CondatuiError(
        f"{sanitize(target.name)} was moved elsewhere while it was being removed.",
        "\n".join(line for line in (f"It was in {sanitize(path)}.", saved) if line),
        "Look where it is, and who has moved it.",
    )


def _still_there(target: RemovalTarget, point: RestorePoint | None, gone: _Gone) -> CondatuiError:
    saved = f"Restore point {point.id} has what was deleted." if point else ""
    where = f"What is left is in {gone.left_at}." if gone.left_at != target.path else ""
    lines = (*gone.lines[:20], where, saved)
    return CondatuiError(
        f"{sanitize(target.name)} could not be removed whole.",
        "\n".join(sanitize(line) for line in lines if line),
        "Delete the rest by hand, or ask whose it is.",
    )

"""The removal of one path: inspect it again, keep what has to be kept, remove it, check that it is gone."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.remove.earlier_points import compare_prefix, point_of_half_removed
from condatui_core.actions.remove.inspect import RemovalTarget, inspect_targets
from condatui_core.actions.remove.keep import create_point, read_before_removal
from condatui_core.actions.remove.plan import blockers_of, removal_argv
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import check_answer
from condatui_core.conda.registry import unregister
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import Leftover, delete_tree
from condatui_core.fs.tree import PrefixTree, read_tree
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Plan
from condatui_core.records.request import RemoveRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import all_points, bytes_of_point, delete_point, directory_of_points
from condatui_core.text import counted, sanitize


@dataclass(slots=True)
class Removed:
    """The results of a job so far."""

    names: list[str] = field(default_factory=list)
    """The names of what was removed."""
    findings: list[Finding] = field(default_factory=list)
    errors: list[CondatuiError] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
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

    async def carry_out(self, *, limited: bool) -> None:
        """Inspect the path again, keep what has to be kept, remove it, and check that it is gone."""
        await self._work.stage("look", f"Looking at {sanitize(self._prefix)}")
        target = (await inspect_targets((self._prefix,), self._context))[0]
        refuse(blockers_of(target, self._request, self._context))
        _check_plan(target, self._plan)
        if target.kind == "link":
            await self._delete_link(target)
        elif target.kind in ("environment", "remains"):
            await self._delete_directory(target, limited=limited)
        await self._forget(target)
        self._removed.names.append(target.name)

    async def _delete_link(self, target: RemovalTarget) -> None:
        await self._work.stage("unlink", f"Deleting the link {sanitize(target.name)}")
        try:
            await self._work.in_thread(partial(os.unlink, target.path))
        except OSError as error:
            raise CondatuiError("The link could not be deleted.", f"{target.path}: {error.strerror}") from error
        real = target.observed.real
        self._work.say(f"{real} stays; `ln -s {real} {target.path}` makes the link again")

    async def _delete_directory(self, target: RemovalTarget, *, limited: bool) -> None:
        name = sanitize(target.name)
        point: RestorePoint | None = None
        if self._request.restore_point:
            await self._work.stage("keep", f"Making a restore point of {name}")
        snapshot = await self._work.in_thread(partial(read_before_removal, target))
        if self._request.restore_point:
            point = await self._work.in_thread(partial(self._keep, target, snapshot, limited=limited))
        linked = await self._work.in_thread(lambda: snapshot.symlinked_directories)
        await self._work.stage("remove", f"Removing {name}")
        by_conda = target.kind == "environment" and not linked
        if by_conda:
            await self._run_conda(target, point)
        elif linked:
            self._work.say(f"{sanitize(next(iter(linked)))} is behind a link: deleting {name} without conda")
        await self._work.stage("leftovers", f"Deleting what is left of {name}")
        if by_conda and await self._is_there(target):
            self._work.say(f"conda has left something of {name}: deleting it")
        left = await self._work.in_thread(partial(_delete, target.path))
        await self._account(target, point, snapshot.tree, left)

    def _keep(self, target: RemovalTarget, snapshot: PrefixSnapshot, *, limited: bool) -> RestorePoint:
        """Make a restore point, unless there is one from before the environment was removed in part."""
        if point := point_of_half_removed(snapshot.tree, all_points(self._directory, target.path), self._directory):
            self._work.say(f"restore point {point.id} has all of it already")
            return point
        point = create_point(target, snapshot, self._context, self._work, limited=limited)
        self._work.say(f"restore point {point.id}: {counted(point.archived_files, 'file')}")
        return point

    async def _run_conda(self, target: RemovalTarget, point: RestorePoint | None) -> None:
        assert target.installation is not None
        environ = conda_environ(self._context.caller, target.installation)
        try:
            answer = await self._work.run(removal_argv(target, self._request), environ=environ)
            check_answer(answer, f"remove {target.name}")
        except CondatuiError as error:
            if not await self._is_there(target):
                return
            raise await self._work.in_thread(partial(self._failure, target, point, error)) from error

    def _failure(self, target: RemovalTarget, point: RestorePoint | None, error: CondatuiError) -> CondatuiError:
        """The error after conda has failed, with what is left; an environment that is intact needs no restore point."""
        if point and compare_prefix(target.path, point, self._directory).is_whole:
            with suppress(OSError):
                delete_point(self._directory, point.id)
            said = "It is as it was."
        elif point:
            self._removed.points.append(point.id)
            said = f"Part of it may be gone; restore point {point.id} has it whole."
        else:
            said = "Part of it may be gone."
        return CondatuiError(error.title, f"{error.detail}\n{said}".strip(), error.advice)

    async def _account(
        self, target: RemovalTarget, point: RestorePoint | None, tree: PrefixTree, left: tuple[Leftover, ...]
    ) -> None:
        gone = not await self._is_there(target)
        freed = tree.exclusive_bytes
        if not gone:
            freed -= (await self._work.in_thread(partial(read_tree, target.path))).exclusive_bytes
            self._removed.findings.append(_left_behind(target, left))
        self._removed.freed += freed
        if point:
            self._removed.points.append(point.id)
            self._removed.kept += await self._work.in_thread(partial(bytes_of_point, self._directory, point.id))
        if not gone:
            raise _still_there(target, point, left)

    async def _is_there(self, target: RemovalTarget) -> bool:
        return await self._work.in_thread(partial(os.path.lexists, target.path))

    async def _forget(self, target: RemovalTarget) -> None:
        """Take the path out of environments.txt, if conda has not done so."""
        try:
            await self._work.in_thread(partial(unregister, self._context.caller.home, (target.path,)))
        except OSError as error:
            message = f"{sanitize(target.name)} is still listed in environments.txt: {error.strerror}."
            self._removed.findings.append(Finding(id="registered", severity="warning", message=message))


def _check_plan(target: RemovalTarget, plan: Plan) -> None:
    """Refuse a directory that the plan did not see as one: it was made, or a file system mounted there, since."""
    if target.kind not in ("environment", "remains"):
        return
    if plan.removal is None or target.path not in plan.removal.directories:
        title = f"{sanitize(target.name)} has appeared since this was planned."
        raise RefusedError(title, target.path, "Plan it again, if it is to go.")


def _delete(prefix: str) -> tuple[Leftover, ...]:
    """Delete a prefix, its history first, so that an interrupted deletion leaves no environment."""
    if not os.path.islink(os.path.join(prefix, "conda-meta")):
        with suppress(OSError):
            os.unlink(os.path.join(prefix, "conda-meta", "history"))
    return delete_tree(prefix)


def _left_behind(target: RemovalTarget, left: tuple[Leftover, ...]) -> Finding:
    message = f"{counted(len(left), 'thing')} of {sanitize(target.name)} could not be deleted."
    lines = (sanitize(str(each)) for each in left)
    return blocker("left-behind", message, "Delete them by hand, or ask whose they are.", lines, most=20)


def _still_there(target: RemovalTarget, point: RestorePoint | None, left: tuple[Leftover, ...]) -> CondatuiError:
    saved = f"Restore point {point.id} has it whole." if point else ""
    lines = (*(str(each) for each in left[:20]), saved)
    return CondatuiError(
        f"{sanitize(target.name)} could not be removed whole.",
        "\n".join(sanitize(line) for line in lines if line),
        "Delete the rest by hand, or ask whose it is.",
    )

"""The removal of one path: inspect it again, keep what has to be kept, remove it, check that it is gone."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.remove.earlier_points import compare_prefix, half_of
from condatui_core.actions.remove.inspect import RemovalTarget, look_at
from condatui_core.actions.remove.keep import create_point, read_going
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
        candidate = (await look_at((self._prefix,), self._context))[0]
        refuse(blockers_of(candidate, self._request, self._context))
        _check_plan(candidate, self._plan)
        if candidate.kind == "link":
            await self._delete_link(candidate)
        elif candidate.kind in ("environment", "remains"):
            await self._delete_directory(candidate, limited=limited)
        await self._forget(candidate)
        self._removed.names.append(candidate.name)

    async def _delete_link(self, candidate: RemovalTarget) -> None:
        await self._work.stage("unlink", f"Deleting the link {sanitize(candidate.name)}")
        try:
            await self._work.beside(partial(os.unlink, candidate.path))
        except OSError as error:
            raise CondatuiError("The link could not be deleted.", f"{candidate.path}: {error.strerror}") from error
        target = candidate.observed.real
        self._work.say(f"{target} stays; `ln -s {target} {candidate.path}` makes the link again")

    async def _delete_directory(self, candidate: RemovalTarget, *, limited: bool) -> None:
        name = sanitize(candidate.name)
        point: RestorePoint | None = None
        if self._request.restore_point:
            await self._work.stage("keep", f"Making a restore point of {name}")
        snapshot = await self._work.beside(partial(read_going, candidate))
        if self._request.restore_point:
            point = await self._work.beside(partial(self._keep, candidate, snapshot, limited=limited))
        detours = await self._work.beside(lambda: snapshot.symlinked_directories)
        await self._work.stage("remove", f"Removing {name}")
        by_conda = candidate.kind == "environment" and not detours
        if by_conda:
            await self._run_conda(candidate, point)
        elif detours:
            self._work.say(f"{sanitize(next(iter(detours)))} is behind a link: deleting {name} without conda")
        await self._work.stage("leftovers", f"Deleting what is left of {name}")
        if by_conda and await self._is_there(candidate):
            self._work.say(f"conda has left something of {name}: deleting it")
        left = await self._work.beside(partial(_delete, candidate.path))
        await self._account(candidate, point, snapshot.tree, left)

    def _keep(self, candidate: RemovalTarget, snapshot: PrefixSnapshot, *, limited: bool) -> RestorePoint:
        """Make a restore point, unless there is one from before the environment was removed in part."""
        if point := half_of(snapshot.tree, all_points(self._directory, candidate.path), self._directory):
            self._work.say(f"restore point {point.id} has all of it already")
            return point
        point = create_point(candidate, snapshot, self._context, self._work, limited=limited)
        self._work.say(f"restore point {point.id}: {counted(point.archived_files, 'file')}")
        return point

    async def _run_conda(self, candidate: RemovalTarget, point: RestorePoint | None) -> None:
        assert candidate.installation is not None
        environ = conda_environ(self._context.caller, candidate.installation)
        try:
            answer = await self._work.run(removal_argv(candidate, self._request), environ=environ)
            check_answer(answer, f"remove {candidate.name}")
        except CondatuiError as error:
            if not await self._is_there(candidate):
                return
            raise await self._work.beside(partial(self._failure, candidate, point, error)) from error

    def _failure(self, candidate: RemovalTarget, point: RestorePoint | None, error: CondatuiError) -> CondatuiError:
        """The error after conda has failed, with what is left; an environment that is intact needs no restore point."""
        if point and compare_prefix(candidate.path, point, self._directory).is_whole:
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
        self, candidate: RemovalTarget, point: RestorePoint | None, tree: PrefixTree, left: tuple[Leftover, ...]
    ) -> None:
        gone = not await self._is_there(candidate)
        freed = tree.exclusive_bytes
        if not gone:
            freed -= (await self._work.beside(partial(read_tree, candidate.path))).exclusive_bytes
            self._removed.findings.append(_left_behind(candidate, left))
        self._removed.freed += freed
        if point:
            self._removed.points.append(point.id)
            self._removed.kept += await self._work.beside(partial(bytes_of_point, self._directory, point.id))
        if not gone:
            raise _still_there(candidate, point, left)

    async def _is_there(self, candidate: RemovalTarget) -> bool:
        return await self._work.beside(partial(os.path.lexists, candidate.path))

    async def _forget(self, candidate: RemovalTarget) -> None:
        """Take the path out of environments.txt, if conda has not done so."""
        try:
            await self._work.beside(partial(unregister, self._context.caller.home, (candidate.path,)))
        except OSError as error:
            message = f"{sanitize(candidate.name)} is still listed in environments.txt: {error.strerror}."
            self._removed.findings.append(Finding(id="registered", severity="warning", message=message))


def _check_plan(candidate: RemovalTarget, plan: Plan) -> None:
    """Refuse a directory that the plan did not see as one: it was made, or a file system mounted there, since."""
    if candidate.kind not in ("environment", "remains"):
        return
    if plan.removal is None or candidate.path not in plan.removal.directories:
        title = f"{sanitize(candidate.name)} has come up since this was planned."
        raise RefusedError(title, candidate.path, "Plan it again, if it is to go.")


def _delete(prefix: str) -> tuple[Leftover, ...]:
    """Delete a prefix, its history first, so that an interrupted deletion leaves no environment."""
    if not os.path.islink(os.path.join(prefix, "conda-meta")):
        with suppress(OSError):
            os.unlink(os.path.join(prefix, "conda-meta", "history"))
    return delete_tree(prefix)


def _left_behind(candidate: RemovalTarget, left: tuple[Leftover, ...]) -> Finding:
    message = f"{counted(len(left), 'thing')} of {sanitize(candidate.name)} could not be deleted."
    lines = (sanitize(str(each)) for each in left)
    return blocker("left-behind", message, "Delete them by hand, or ask whose they are.", lines, most=20)


def _still_there(candidate: RemovalTarget, point: RestorePoint | None, left: tuple[Leftover, ...]) -> CondatuiError:
    saved = f"Restore point {point.id} has it whole." if point else ""
    lines = (*(str(each) for each in left[:20]), saved)
    return CondatuiError(
        f"{sanitize(candidate.name)} could not be removed whole.",
        "\n".join(sanitize(line) for line in lines if line),
        "Delete the rest by hand, or ask whose it is.",
    )

"""Makes the environment of a restore point at its path, which is free: by conda, by unpacking, and compared."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.checkpoint import bytes_reporter
from condatui_core.actions.incomplete_marker import mark_incomplete, remove_if_untouched
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.restore.plan import Restorable, argv, points_directory
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import check_answer
from condatui_core.conda.registry import register
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import Identity
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.records.restore_point import KeptPath
from condatui_core.restore_points.apply import apply_restore_point
from condatui_core.restore_points.create import explicit
from condatui_core.restore_points.store import read_paths_of
from condatui_core.restore_points.verify import Differing, check_files, differences
from condatui_core.text import counted, sanitize

_MOST_LINES = 20
_LENIENT = {
    "CONDA_SAFETY_CHECKS": "warn",
    "CONDA_EXTRA_SAFETY_CHECKS": "false",
    "CONDA_PATH_CONFLICT": "clobber",
}
"""Makes conda lenient, whatever its configuration: the environment had the same conflicts before it was removed, and
every file is compared afterwards."""


def checked_paths(found: Restorable, context: JobContext) -> tuple[KeptPath, ...]:
    """The paths of a restore point, all of it read. CondatuiError if it is damaged: then nothing is brought back."""
    paths = read_paths_of(points_directory(context), found.point)
    check_files(points_directory(context) / found.point.id, paths)
    if not _says_the_same(found):
        raise CondatuiError("The restore point is damaged.", f"{found.explicit}: it lists other packages")
    return paths


def _says_the_same(found: Restorable) -> bool:
    """Whether the list that conda gets has the packages of the manifest, and no others; there is none for none."""
    if not found.point.needed:
        return not os.path.lexists(found.explicit)
    wanted = explicit(found.point.needed)
    try:
        return read_bounded(found.explicit, len(wanted)) == wanted
    except OSError:
        return False


@dataclass(slots=True)
class Rebuilding:
    """The making of an environment that a restore point has."""

    found: Restorable
    paths: tuple[KeptPath, ...]
    context: JobContext
    work: Work
    identity: Identity | None = None
    """Device and inode of the directory that it has made; None before that."""

    async def carry_out(self) -> tuple[tuple[Differing, ...], int]:
        """Make it and compare every path; returns the differences, and the bytes that `df` has lost to it."""
        found, work, name = self.found, self.work, sanitize(self.found.point.name)
        count = len(found.point.needed)
        begun = self.context.clock()
        title = f"Letting conda put back {counted(count, 'package')}" if count else f"Making {found.target}"
        await work.stage("link", title)
        await work.in_thread(self._reserve)
        if count:
            await self._link()
        await work.stage("unpack", f"Putting back what was kept of {name}")
        await work.in_thread(partial(_register, found, self.context))
        await work.in_thread(self._apply)
        await work.stage("compare", f"Comparing {name} with what it was")
        compared = await work.in_thread(partial(_compare, found, self.paths))
        note = OwnUses(self.context.locations.own_uses).note
        await work.in_thread(partial(note, found.target, begun, self.context.clock(), found.point.last_used))
        return compared

    def _reserve(self) -> None:
        # Noted in the thread itself: a cancellation that comes meanwhile loses what the thread returns.
        self.identity = _reserve(self.found, self.context, self.work.job_id)

    async def _link(self) -> None:
        try:
            await _run_conda(self.found, self.context, self.work)
        except (CondatuiError, asyncio.CancelledError):
            await self.work.in_thread(partial(remove_if_untouched, self.found.target))
            raise

    def _apply(self) -> None:
        directory = points_directory(self.context) / self.found.point.id
        total = self.found.point.archived_bytes
        on_bytes = bytes_reporter(self.work, meanwhile="files were being put back", total=total)
        apply_restore_point(directory, self.paths, self.found.target, on_bytes, identity=self.identity)


async def _run_conda(found: Restorable, context: JobContext, work: Work) -> None:
    assert found.installation is not None
    environ = conda_environ(context.caller, found.installation) | _LENIENT
    answer = await work.run(argv(found), environ=environ)
    if answer.exit_code:  # with 0 conda may complain about a file that was edited in the cache, and has linked it
        check_answer(answer, f"put back the packages of {found.point.name}")
    missing = await work.in_thread(partial(_missing_records, found))
    if missing:
        raise CondatuiError(
            f"conda said that it had put back the packages of {sanitize(found.point.name)}, and had not.",
            "\n".join(missing[:_MOST_LINES]),
            "Run the command by hand to see more.",
        )


def _reserve(found: Restorable, context: JobContext, job: str) -> Identity:
    """Make the directory and mark it as incomplete; conda would replace one that another process has made since."""
    try:
        return mark_incomplete(found.target, restore_point=found.point.id, job=job, now=context.clock())
    except OSError as error:
        where = f"{error.filename or found.target}: {reason(error)}"
        raise CondatuiError(f"{sanitize(found.point.name)} could not be brought back.", where) from error


def _missing_records(found: Restorable) -> list[str]:
    records = ((each.dist_name, f"{each.dist_name}.json") for each in found.point.needed)
    meta = os.path.join(found.target, "conda-meta")
    return [name for name, file in records if not os.path.isfile(os.path.join(meta, file))]


def _register(found: Restorable, context: JobContext) -> None:
    """List the environment in environments.txt; conda has not done so if it had no package to link."""
    if not found.point.environment:
        return
    try:
        register(context.caller.home, found.target)
    except OSError as error:
        raise CondatuiError("The environment could not be listed in environments.txt.", str(error)) from error


def _compare(found: Restorable, paths: Sequence[KeptPath]) -> tuple[tuple[Differing, ...], int]:
    """Compare all paths; returns the differences, and the bytes that `df` has lost to the environment."""
    try:
        tree = read_tree(found.target)
        return differences(tree, paths), tree.exclusive_bytes
    except OSError as error:
        raise CondatuiError(f"{found.target} cannot be read.", str(error)) from error

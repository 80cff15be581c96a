"""Brings a removed environment back: conda links its packages, condatui unpacks the rest and compares all of it."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from condatui_core.actions.guards import refuse
from condatui_core.actions.incomplete_marker import mark_incomplete, remove_if_untouched
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.restore.plan import Restorable, argv, blockers_of, points_directory, read_restorable
from condatui_core.actions.restore.recover import GRAVE
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import check_answer
from condatui_core.conda.registry import register
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import Identity
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import KeptPath, RestorePoint
from condatui_core.restore_points.apply import apply_restore_point
from condatui_core.restore_points.create import explicit
from condatui_core.restore_points.store import read_paths_of
from condatui_core.restore_points.verify import Differing, check_files, differences
from condatui_core.text import counted, format_bytes, sanitize

_MOST_LINES = 20
_LENIENT = {
    "CONDA_SAFETY_CHECKS": "warn",
    "CONDA_EXTRA_SAFETY_CHECKS": "false",
    "CONDA_PATH_CONFLICT": "clobber",
}
"""Makes conda lenient, whatever its configuration: the environment had the same conflicts before it was removed, and
every file is compared afterwards."""


async def perform(plan: Plan, request: RestoreRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Bring the environment back and compare every path; differences are among the findings."""
    await work.stage("look", "Looking at what is there")
    found = await read_restorable(request, context)
    refuse(blockers_of(found, context))
    paths = await work.in_thread(partial(_checked_paths, found, context))
    name = sanitize(found.point.name)
    count = len(found.point.needed)
    begun = context.clock()
    await work.stage(
        "link", f"Letting conda put back {counted(count, 'package')}" if count else f"Making {found.target}"
    )
    identity = await work.in_thread(partial(_reserve, found, context, work.job_id))
    if found.point.needed:
        try:
            await _run_conda(found, context, work)
        except (CondatuiError, asyncio.CancelledError):
            await work.in_thread(partial(remove_if_untouched, found.target))
            raise
    await work.stage("unpack", f"Putting back what was kept of {name}")
    on_bytes = _reporter(work, found.point.archived_bytes)
    await work.in_thread(partial(_register, found, context))
    applying = partial(
        apply_restore_point,
        points_directory(context) / found.point.id,
        paths,
        found.target,
        on_bytes,
        identity=identity,
    )
    await work.in_thread(applying)
    await work.stage("compare", f"Comparing {name} with what was removed")
    differing, used = await work.in_thread(partial(_compare, found, paths))
    note = OwnUses(context.locations.own_uses).note
    await work.in_thread(partial(note, found.target, begun, context.clock(), found.point.last_used))
    return _outcome(found, differing, used)


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


def _checked_paths(found: Restorable, context: JobContext) -> tuple[KeptPath, ...]:
    """The paths of the restore point. CondatuiError if it is damaged: then nothing of it is brought back."""
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


def _outcome(found: Restorable, differing: Sequence[Differing], used: int) -> Outcome:
    point = found.point
    exactly = (
        "exactly as it was"
        if not differing
        else f"but {counted(len(differing), 'path is not as it was', 'paths are not as they were')}"
    )
    packages = counted(len(point.packages), "package")
    return Outcome(
        message=f"{sanitize(point.name)} is back: {packages}, {exactly}, {format_bytes(used)}.",
        findings=tuple(_findings(point, differing)),
        bytes_used=used,
        says_bytes=True,
        files=(found.target,),
    )


_WORDS = {
    "missing": ("path is missing", "paths are missing"),
    "extra": ("path was not there before", "paths were not there before"),
    "kind": ("path is something else", "paths are something else"),
    "target": ("path leads elsewhere", "paths lead elsewhere"),
    "content": ("path has another content", "paths have another content"),
    "mode": ("path has other permissions", "paths have other permissions"),
    "links": ("path is a hard link to others than before", "paths are hard links to others than before"),
    "attributes": ("path has other extended attributes", "paths have other extended attributes"),
    "owner": ("path belongs to another user", "paths belong to another user"),
    "time": ("path has another time", "paths have another time"),
}
"""The words for one path and for several."""


def _findings(point: RestorePoint, differing: Sequence[Differing]) -> Iterator[Finding]:
    for what, count in Counter(each.what for each in differing).items():
        lines = [each.path for each in differing if each.what == what]
        yield finding(
            f"restored-{what}",
            "error" if what in GRAVE else "warning",
            f"{counted(count, *_WORDS[what])}: {_path_words(lines[0])}.",
            evidence=map(sanitize, lines[:_MOST_LINES]),
        )
    if point.lost:
        message = f"{counted(len(point.lost), 'thing')} could not be kept."
        yield finding("not-kept", "warning", message, evidence=point.lost)


def _path_words(path: str) -> str:
    return "the directory of the environment" if path == "." else sanitize(path)


def _reporter(work: Work, total: int) -> Callable[[int], None]:
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        if work.cancelled:
            raise CondatuiError("The job was cancelled while files were being put back.")
        done += count
        work.progress(done, total, "bytes")

    return on_bytes

"""Keep what conda could not put back, right before an environment goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from condatui_core.actions.protocol import JobContext, Work, caches_of
from condatui_core.actions.remove.inspect import RemovalTarget, content_of
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.fs.tree import PrefixTree, path_kind, read_tree
from condatui_core.records.restore_point import KeptPath, RestorePoint
from condatui_core.restore_points.create import RestorePointSource, create_restore_point, estimate
from condatui_core.restore_points.store import delete_point, directory_of_points, prune, read_paths_of
from condatui_core.restore_points.verify import Differing, differences
from condatui_core.text import format_bytes, sanitize

_HISTORY = "conda-meta/history"
_META = "conda-meta/"
_LARGEST = 32 << 20
"""Bytes of a history."""
_SET_ASIDE = ".c~"
"""conda renames files so before it deletes them."""


def create_point(candidate: RemovalTarget, context: JobContext, work: Work, *, limited: bool) -> RestorePoint:
    """Make a restore point of a prefix, and let older ones go; blocks.

    Raises CondatuiError if it cannot be made, RefusedError if it would be larger than the settings allow and nobody
    has agreed (`limited`), or if something is changed in the prefix meanwhile. Then there is none.
    """
    told = _reporter(work)
    found = estimate(candidate.path, caches_of(candidate.installation, context), thorough=True, told=told)
    check_content(candidate, content_of(found).environments, content_of(found).mounts)
    if found.tree.unreadable:
        raise CondatuiError(f"No restore point of {candidate.name} could be made.", "\n".join(found.tree.unreadable))
    limit = context.settings.restore_point_bytes
    if limited and found.kept_bytes > limit:
        raise RefusedError(
            f"{sanitize(candidate.name)} holds {format_bytes(found.kept_bytes)} that conda could not put back.",
            f"The setting `restore_point_bytes` is {format_bytes(limit)}.",
            "Plan it again, and it asks; `--no-restore-point` keeps nothing.",
        )
    directory = directory_of_points(context.settings, context.locations)
    point = create_restore_point(directory, _subject(candidate, context), found, told)
    if changed := _changed(found.tree):
        with suppress(OSError):
            delete_point(directory, point.id)
        raise RefusedError(f"{sanitize(candidate.name)} is being changed by somebody.", sanitize(changed), "Try again.")
    return point


def keep_no_more_than_allowed(context: JobContext, spare: tuple[str, ...]) -> tuple[str, ...]:
    """Delete the restore points that the settings do not want any more, never those to spare; blocks."""
    directory = directory_of_points(context.settings, context.locations)
    return prune(directory, context.settings, context.clock(), spare=spare)


def is_whole(prefix: str, point: RestorePoint, directory: Path) -> bool:
    """Whether an environment is still what its restore point says, by sizes and times; blocks."""
    return not {"missing", "changed", "history"} & _against(prefix, point, directory)


def is_covered(prefix: str, point: RestorePoint, directory: Path) -> bool:
    """Whether all that there is of an environment is in a restore point, by sizes and times; blocks."""
    return not {"extra", "changed"} & _against(prefix, point, directory)


def half_of(prefix: str, points: Iterable[RestorePoint], directory: Path) -> RestorePoint | None:
    """The restore point of what conda has begun to remove, if there is nothing that it does not hold; blocks."""
    for point in points:
        against = _against(prefix, point, directory)
        if {"missing", "removing"} <= against and not {"extra", "changed"} & against:
            return point
    return None


def _against(prefix: str, point: RestorePoint, directory: Path) -> set[str]:
    """What is not as it was: something is `missing`, `extra` or `changed`, the `history` is, all is `removing`."""
    try:
        kept = {each.path: each for each in read_paths_of(directory, point)}
        found = differences(prefix, tuple(kept.values()), thorough=False)
    except (OSError, CondatuiError):
        return {"missing", "extra", "changed"}
    against = {"removing"} if _is_being_removed(prefix, found, kept) else set()
    for each in found:
        if each.path == _HISTORY:
            against.add("history")
        elif each.what in ("missing", "extra"):
            against.add("" if _is_set_aside(prefix, each.path, kept) else str(each.what))
        elif each.what != "time" or kept[each.path].kind != "directory":
            against.add("changed")
    return against


def _is_being_removed(prefix: str, found: Sequence[Differing], kept: Mapping[str, KeptPath]) -> bool:
    """Whether somebody has begun to remove all of it: who takes out one package writes so into the history."""
    missing = {each.path for each in found if each.what == "missing"}
    records = {path for path in kept if path.startswith(_META) and path.endswith(".json")}
    if _HISTORY not in kept or _HISTORY in missing:
        return True
    if any(each.path == _HISTORY and each.what == "content" for each in found):
        return bool(records and records <= missing) or _removes_all(prefix, kept[_HISTORY].size)
    others = any(not path.startswith(_META) for path in missing)
    aside = any(each.what == "extra" and _is_set_aside(prefix, each.path, kept) for each in found)
    return others and (aside or bool(records & missing))


def _removes_all(prefix: str, begin: int) -> bool:
    """Whether what a history has got since is of a command that removes all."""
    try:
        return b"--all" in read_bounded(os.path.join(prefix, _HISTORY), _LARGEST)[begin:]
    except OSError:
        return False


def _is_set_aside(prefix: str, path: str, kept: Mapping[str, KeptPath]) -> bool:
    """Whether it is a file that conda has renamed and was going to delete."""
    was = kept.get(path.removesuffix(_SET_ASIDE))
    if was is None or not path.endswith(_SET_ASIDE):
        return False
    try:
        status = os.lstat(os.path.join(prefix, path))
    except OSError:
        return False
    return was.kind == path_kind(status) and (was.kind != "file" or was.size == status.st_size)


def check_content(candidate: RemovalTarget, environments: tuple[str, ...], mounts: tuple[str, ...]) -> None:
    """Refuse what has come to hold something that must not go along."""
    name = sanitize(candidate.name)
    if environments:
        raise RefusedError(f"{name} holds other environments.", "\n".join(environments), "Remove or move those first.")
    if mounts:
        raise RefusedError(f"Another file system is mounted in {name}.", "\n".join(mounts), "Unmount it first.")


def _subject(candidate: RemovalTarget, context: JobContext) -> RestorePointSource:
    installation, environment = candidate.installation, context.environment(candidate.path)
    return RestorePointSource(
        prefix=candidate.path,
        name=candidate.name,
        at=context.clock(),
        host=os.uname().nodename,
        user=context.caller.environ.get("USER", "") or str(context.caller.euid),
        root_prefix=installation.root_prefix if installation else "",
        conda_version=installation.version if installation else "",
        last_used=environment.last_used if environment else None,
    )


def _changed(before: PrefixTree) -> str:
    """The first path that is not what it was when it was kept; empty if there is none."""
    try:
        now = {entry.path: entry for entry in read_tree(before.root).entries}
    except OSError as error:
        return f"{before.root}: {reason(error)}"
    for each in before.entries:
        there = now.pop(each.path, None)
        if there is None or _stamp(there.status) != _stamp(each.status):
            return each.path
    return next(iter(now), "")


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns


def _reporter(work: Work) -> Callable[[int], None]:
    done = 0

    def told(count: int) -> None:
        nonlocal done
        if work.cancelled:
            raise CondatuiError("The job was cancelled while its restore point was being made.")
        done += count
        work.progress(done, None, "bytes")

    return told

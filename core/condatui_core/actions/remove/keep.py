"""Keep what conda could not put back, right before an environment goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress

from condatui_core.actions.half_made import came_since
from condatui_core.actions.protocol import JobContext, Work, caches_of
from condatui_core.actions.remove.inspect import RemovalTarget
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.restore_point import RestorePoint
from condatui_core.remedy import AcceptSize
from condatui_core.restore_points.create import RestorePointSource, create_restore_point, estimate, not_readable
from condatui_core.restore_points.prune import Prunable, prune
from condatui_core.restore_points.store import delete_point, directory_of_points
from condatui_core.text import format_bytes, sanitize


def read_before_removal(
    target: RemovalTarget, moved_to: str = "", inode: tuple[int, int] | None = None
) -> PrefixSnapshot:
    """Read what is to go, all of it, right before; blocks. Where it was moved to, it has to be the same directory.

    Raises CondatuiError if it is gone, RefusedError if something is in it now that must not go along.
    """
    path = moved_to or target.path
    try:
        snapshot = read_snapshot(path)
    except OSError as error:
        raise not_readable(path, error) from error
    name = sanitize(target.name)
    if inode and snapshot.tree.entries[0].inode != inode:
        raise being_changed(target, path)
    if environments := snapshot.tree.environments:
        raise RefusedError(f"{name} holds other environments.", "\n".join(environments), "Remove or move those first.")
    if mounted := snapshot.tree.mounts:
        raise RefusedError(f"Another file system is mounted in {name}.", "\n".join(mounted), "Unmount it first.")
    return snapshot


def create_point(
    target: RemovalTarget, snapshot: PrefixSnapshot, context: JobContext, work: Work, *, limited: bool
) -> RestorePoint:
    """Make a restore point of a prefix that was read right before; blocks.

    Raises CondatuiError if it cannot be made, RefusedError if it would be larger than the settings allow and the
    user has not agreed (`limited`), or if something is changed in the prefix meanwhile. Then there is none.
    """
    on_bytes = _reporter(work)
    found = estimate(snapshot, caches_of(target.installation, context), thorough=True, on_bytes=on_bytes)
    if found.tree.unreadable:
        raise CondatuiError(f"No restore point of {target.name} could be made.", "\n".join(found.tree.unreadable))
    limit = context.settings.restore_point_bytes
    if limited and found.kept_bytes > limit:
        raise RefusedError(
            f"{sanitize(target.name)} holds {format_bytes(found.kept_bytes)} that conda could not put back.",
            f"The setting `restore_point_bytes` is {format_bytes(limit)}.",
            AcceptSize(limit_bytes=limit, planned=False),
        )
    directory = directory_of_points(context.settings, context.locations)
    point = create_restore_point(directory, _subject(target, context), found, on_bytes)
    if changed := snapshot.first_change():
        with suppress(OSError):
            delete_point(directory, point.id)
        raise being_changed(target, changed)
    return point


def is_unused(target: RemovalTarget, snapshot: PrefixSnapshot, context: JobContext, work: Work) -> bool:
    """Whether a half-made environment holds nothing that is not elsewhere, by the contents of all its files; blocks."""
    if not target.half_made or snapshot.prefix != target.path:  # what changes while it is set aside is kept
        return False
    found = estimate(snapshot, caches_of(target.installation, context), thorough=True, on_bytes=_reporter(work))
    return not came_since(found, context, thorough=True)


def being_changed(target: RemovalTarget, path: str) -> RefusedError:
    """The refusal of a removal while another process changes the environment."""
    return RefusedError(f"{sanitize(target.name)} is being changed right now.", sanitize(path), "Try again.")


def prune_points(context: JobContext, *, agreed: Collection[str], spare: Collection[str]) -> tuple[Prunable, ...]:
    """Delete the restore points that the settings no longer allow, if the plan has named them; blocks."""
    directory = directory_of_points(context.settings, context.locations)
    return prune(directory, context.settings, context.clock(), agreed=agreed, spare=spare)


def _subject(target: RemovalTarget, context: JobContext) -> RestorePointSource:
    installation, environment = target.installation, context.environment(target.origin)
    return RestorePointSource(
        prefix=target.origin,
        name=target.name if target.origin == target.path else os.path.basename(target.origin),
        at=context.clock(),
        host=os.uname().nodename,
        user=context.caller.environ.get("USER", "") or str(context.caller.euid),
        root_prefix=installation.root_prefix if installation else "",
        conda_version=installation.version if installation else "",
        last_used=environment.last_used if environment else None,
    )


def _reporter(work: Work) -> Callable[[int], None]:
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        if work.cancelled:
            raise CondatuiError("The job was cancelled while its restore point was being made.")
        done += count
        work.progress(done, None, "bytes")

    return on_bytes

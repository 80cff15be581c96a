"""Keep what conda could not put back, right before an environment goes."""

from __future__ import annotations

import os
from collections.abc import Collection

from condatui_core.actions import checkpoint
from condatui_core.actions.checkpoint import CheckpointSubject, bytes_reporter, read_whole
from condatui_core.actions.half_made import came_since
from condatui_core.actions.protocol import JobContext, Work, caches_of
from condatui_core.actions.remove.inspect import RemovalTarget
from condatui_core.errors import RefusedError
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.restore_point import BEFORE_REMOVAL, RestorePoint
from condatui_core.restore_points.create import estimate
from condatui_core.restore_points.prune import Prunable, prune
from condatui_core.restore_points.store import directory_of_points


def read_before_removal(
    target: RemovalTarget, moved_to: str = "", inode: tuple[int, int] | None = None
) -> PrefixSnapshot:
    """Read what is to go, all of it, right before; blocks. Raises as `read_whole`, also of where it was moved to."""
    return read_whole(target.name, moved_to or target.path, inode)


def create_point(
    target: RemovalTarget, snapshot: PrefixSnapshot, context: JobContext, work: Work, *, limited: bool
) -> RestorePoint:
    """Make a restore point of a prefix that was read right before its removal; blocks. Raises as `checkpoint` does."""
    return checkpoint.create_point(_subject(target, context), snapshot, context, work, limited=limited)


def is_unused(target: RemovalTarget, snapshot: PrefixSnapshot, context: JobContext, work: Work) -> bool:
    """Whether a half-made environment holds nothing that is not elsewhere, by the contents of all its files; blocks."""
    if not target.half_made or snapshot.prefix != target.path:  # what changes while it is set aside is kept
        return False
    found = estimate(snapshot, caches_of(target.installation, context), thorough=True, on_bytes=bytes_reporter(work))
    return not came_since(found, context, thorough=True)


def being_changed(target: RemovalTarget, path: str) -> RefusedError:
    """The refusal of a removal while another process changes the environment."""
    return checkpoint.being_changed(target.name, path)


def prune_points(context: JobContext, *, agreed: Collection[str], spare: Collection[str]) -> tuple[Prunable, ...]:
    """Delete the restore points that the settings no longer allow, if the plan has named them; blocks."""
    directory = directory_of_points(context.settings, context.locations)
    return prune(directory, context.settings, context.clock(), agreed=agreed, spare=spare)


def _subject(target: RemovalTarget, context: JobContext) -> CheckpointSubject:
    environment = context.environment(target.origin)
    return CheckpointSubject(
        prefix=target.origin,
        name=target.name if target.origin == target.path else os.path.basename(target.origin),
        installation=target.installation,
        occasion=BEFORE_REMOVAL,
        last_used=environment.last_used if environment else None,
    )

"""The environment that is at the prefix of a restore point, and is brought back to how it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from condatui_core.actions.checkpoint import PlannedCheckpoint, no_room, plan_checkpoint, subject_of
from condatui_core.actions.guards import blockers_to_alter, warnings_to_change
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.set_aside import set_aside_of
from condatui_core.analyses.package_moves import held_distributions, held_packages, package_moves
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import Identity
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import PackageMove
from condatui_core.records.restore_point import Occasion, RestorePoint, kept_package
from condatui_core.restore_points.create import not_readable, requirement
from condatui_core.restore_points.store import read_paths_of
from condatui_core.restore_points.verify import differences


@dataclass(frozen=True, slots=True)
class Present:
    """The environment that a restore replaces."""

    identity: Identity
    checkpoint: PlannedCheckpoint
    """The restore point that is made of it first."""
    moves: tuple[PackageMove, ...]
    """What becomes of its packages."""
    bytes: int
    """The bytes that `df` gains when it goes."""


def before_restoring(point_id: str) -> Occasion:
    """Why a restore point is made of an environment over which another one is brought back."""
    return Occasion(change="restore", restored=point_id)


def is_replaceable(observed: PrefixState, point: RestorePoint) -> bool:
    """Whether what is at the prefix of a restore point is an environment that may be brought back to how it was."""
    there = observed.directory and not observed.symlink and observed.has_history
    return there and point.of_whole and not is_marked_incomplete(observed.prefix)


def read_present(point: RestorePoint, context: JobContext) -> Present:
    """Read the environment at the prefix of a restore point; blocks. CondatuiError if it cannot be read."""
    try:
        snapshot = read_snapshot(point.prefix)
    except OSError as error:
        raise not_readable(point.prefix, error) from error
    subject = subject_of(point.prefix, context, before_restoring(point.id))
    return Present(
        identity=snapshot.tree.entries[0].inode,
        checkpoint=plan_checkpoint(snapshot, subject, context),
        moves=tuple(_moves(snapshot, point)),
        bytes=snapshot.tree.exclusive_bytes,
    )


def _moves(snapshot: PrefixSnapshot, point: RestorePoint) -> Iterator[PackageMove]:
    contents = snapshot.contents
    before = held_packages(kept_package(each, kept=False) for each in contents.packages)
    yield from package_moves(before, held_packages(point.packages), requested=contents.requested_names)
    pip = held_distributions(requirement(each) for each in contents.pip_distributions)
    yield from package_moves(pip, held_distributions(point.distributions), pip=True)


def blockers_to_replace(
    present: Present, observed: PrefixState, context: JobContext, *, with_conda: bool
) -> Iterator[Finding]:
    """The blockers against replacing the environment by how it was."""
    environment = context.environment(observed.real)
    yield from blockers_to_alter(observed, environment, context, with_conda=with_conda)
    if not observed.place_writable:
        yield blocker("not-writable", f"This user may not rename anything in {observed.place}.", "Ask its owner.")
    yield from present.checkpoint.blockers
    yield from no_room(present.checkpoint.kept_bytes, context)


def warnings_to_replace(present: Present, observed: PrefixState, context: JobContext) -> tuple[Finding, ...]:
    """What a user should know before the environment is replaced by how it was."""
    environment = context.environment(observed.real)
    return (*warnings_to_change(observed, environment, context), *present.checkpoint.warnings)


def whole_set_aside(point: RestorePoint, directory: Path) -> str:
    """Where an interrupted restore has set aside what this restore point was made of, all of it; blocks.

    Empty if there is no such thing, or if it is not whole any more.
    """
    if point.occasion.change != "restore":
        return ""
    aside = set_aside_of(point.prefix)
    return next((each for each in aside if is_as_kept(each, point, directory)), "")


def is_as_kept(path: str, point: RestorePoint, directory: Path) -> bool:
    """Whether a directory is, by sizes and times, what a restore point says; blocks."""
    try:
        return os.path.isdir(path) and not differences(read_tree(path), read_paths_of(directory, point), thorough=False)
    except (OSError, CondatuiError):
        return False

"""Makes a restore point of a prefix as it is at this moment, before it is changed or removed, or on request."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from condatui_core.actions.protocol import JobContext, Work, caches_of
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.environment import LastUsed
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan
from condatui_core.records.restore_point import Occasion, RestorePoint
from condatui_core.remedy import AcceptSize
from condatui_core.restore_points.create import (
    KeepEstimate,
    RestorePointSource,
    create_restore_point,
    estimate,
    not_readable,
)
from condatui_core.restore_points.store import (
    all_points,
    delete_point,
    directory_of_points,
    free_bytes,
    read_paths_of,
)
from condatui_core.restore_points.verify import differences
from condatui_core.text import format_apart, format_bytes, sanitize


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSubject:
    """What a restore point is made of, and why."""

    prefix: str
    """Where it belongs, and is brought back to."""
    name: str
    installation: Installation | None
    """The installation that owns it."""
    occasion: Occasion
    last_used: LastUsed | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A prefix as it was read, and the restore point that has all of it."""

    snapshot: PrefixSnapshot
    point: RestorePoint


def subject_of(prefix: str, context: JobContext, occasion: Occasion) -> CheckpointSubject:
    """An environment that stays, as the subject of a restore point."""
    environment = context.environment(prefix)
    return CheckpointSubject(
        prefix=prefix,
        name=environment.name if environment else os.path.basename(prefix),
        installation=context.installation(environment),
        occasion=occasion,
        last_used=environment.last_used if environment else None,
    )


def make_checkpoint(subject: CheckpointSubject, context: JobContext, work: Work, *, limited: bool) -> Checkpoint:
    """Read an environment that stays, and make a restore point of it as it is; blocks.

    Raises as `read_whole` and `create_point` do; then there is no restore point, and nothing has changed.
    """
    snapshot = read_whole(subject.name, subject.prefix)
    return Checkpoint(snapshot, create_point(subject, snapshot, context, work, limited=limited))


def read_whole(name: str, path: str, inode: tuple[int, int] | None = None) -> PrefixSnapshot:
    """Read all that is in a prefix, right before it is changed; blocks. With `inode` it has to be that directory.

    Raises CondatuiError if it is gone, RefusedError if something is in it now that must not go along.
    """
    try:
        snapshot = read_snapshot(path)
    except OSError as error:
        raise not_readable(path, error) from error
    if inode and snapshot.tree.entries[0].inode != inode:
        raise being_changed(name, path)
    if environments := snapshot.tree.environments:
        title = f"{sanitize(name)} holds other environments."
        raise RefusedError(title, "\n".join(environments), "Remove or move those first.")
    if mounted := snapshot.tree.mounts:
        title = f"Another file system is mounted in {sanitize(name)}."
        raise RefusedError(title, "\n".join(mounted), "Unmount it first.")
    return snapshot


def create_point(
    subject: CheckpointSubject, snapshot: PrefixSnapshot, context: JobContext, work: Work, *, limited: bool
) -> RestorePoint:
    """Make a restore point of a prefix that was read right before; blocks.

    Raises CondatuiError if it cannot be made, RefusedError if it would be larger than the settings allow and the
    user has not agreed (`limited`), or if something is changed in the prefix meanwhile. Then there is none.
    """
    on_bytes = bytes_reporter(work)
    found = estimate(snapshot, caches_of(subject.installation, context), thorough=True, on_bytes=on_bytes)
    if found.tree.unreadable:
        raise CondatuiError(
            f"No restore point of {sanitize(subject.name)} could be made.",
            "\n".join(map(sanitize, found.tree.unreadable)),
        )
    if limited and is_too_large(found, context):
        raise _too_large(subject, found, context)
    directory = directory_of_points(context.settings, context.locations)
    point = create_restore_point(directory, _source(subject, context), found, on_bytes)
    if changed := snapshot.first_change():
        with suppress(OSError):
            delete_point(directory, point.id)
        raise being_changed(subject.name, changed)
    return point


def is_too_large(found: KeepEstimate, context: JobContext) -> bool:
    """Whether a restore point would hold more than the settings allow without asking."""
    return found.kept_bytes > context.settings.restore_point_bytes


def being_changed(name: str, path: str) -> RefusedError:
    """The refusal of a change while another process changes the environment."""
    return RefusedError(f"{sanitize(name)} is being changed right now.", sanitize(path), "Try again.")


def bytes_reporter(
    work: Work, *, meanwhile: str = "its restore point was being made", total: int | None = None
) -> Callable[[int], None]:
    """Report bytes as they are read or written; raises CondatuiError if the job is cancelled `meanwhile`."""
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        if work.cancelled:
            raise CondatuiError(f"The job was cancelled while {meanwhile}.")
        done += count
        work.progress(done, total, "bytes")

    return on_bytes


def _too_large(subject: CheckpointSubject, found: KeepEstimate, context: JobContext) -> RefusedError:
    limit = context.settings.restore_point_bytes
    removal = subject.occasion.change == "removal"
    return RefusedError(
        f"{sanitize(subject.name)} holds {format_bytes(found.kept_bytes)} that conda could not put back.",
        f"The setting `restore_point_bytes` is {format_bytes(limit)}.",
        AcceptSize(limit_bytes=limit, planned=False) if removal else "Plan it again, and it asks.",
    )


def _source(subject: CheckpointSubject, context: JobContext) -> RestorePointSource:
    installation = subject.installation
    return RestorePointSource(
        prefix=subject.prefix,
        name=subject.name,
        at=context.clock(),
        host=os.uname().nodename,
        user=context.caller.environ.get("USER", "") or str(context.caller.euid),
        root_prefix=installation.root_prefix if installation else "",
        conda_version=installation.version if installation else "",
        last_used=subject.last_used,
        occasion=subject.occasion,
    )


# The restore points that there are already, and the one that a job has made


def points_there(prefixes: Collection[str], context: JobContext) -> tuple[str, ...]:
    """The ids of the restore points that some prefixes have by now, for their plan; blocks."""
    points = all_points(directory_of_points(context.settings, context.locations))
    return tuple(each.id for each in points if each.prefix in prefixes)


def point_made(prefix: str, occasion: Occasion, plan: Plan, context: JobContext) -> RestorePoint | None:
    """The restore point of a prefix that a job has made since its plan; None if it had not come so far; blocks."""
    points = all_points(directory_of_points(context.settings, context.locations))
    made = (each for each in points if each.prefix == prefix and each.id not in plan.restore_points)
    return next((each for each in made if each.occasion == occasion), None)


def has_its_paths(prefix: str, point: RestorePoint, directory: Path) -> bool:
    """Whether a prefix has the paths of its restore point and no others, byte code aside; blocks.

    A conda that has died may have linked files of a package without a record of it. Not if that cannot be found out.
    """
    try:
        found = differences(read_tree(prefix), read_paths_of(directory, point), thorough=False)
    except (OSError, CondatuiError):
        return False
    return not any(each.what in ("missing", "extra") and not _is_bytecode(each.path) for each in found)


def _is_bytecode(path: str) -> bool:
    return path.endswith(".pyc") or os.path.basename(path) == "__pycache__"


# What a plan says of the restore point that will be made


@dataclass(frozen=True, slots=True)
class PlannedCheckpoint:
    """The restore point that a change of an environment will make first, as far as it can be said beforehand."""

    prefix: str
    name: str
    kept_files: int = 0
    kept_bytes: int = 0
    packages: int = 0
    """The number of conda's packages in it, whose other files conda puts back from its caches or channels."""
    blockers: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    too_large: bool = False
    """Whether the user has to agree to its size."""


def plan_checkpoint(snapshot: PrefixSnapshot, subject: CheckpointSubject, context: JobContext) -> PlannedCheckpoint:
    """Estimate the restore point of an environment that was read; blocks. Raises CondatuiError if it cannot be read."""
    found = estimate(snapshot, caches_of(subject.installation, context))
    large = is_too_large(found, context)
    name = sanitize(subject.name)
    return PlannedCheckpoint(
        prefix=subject.prefix,
        name=subject.name,
        kept_files=len(found.kept),
        kept_bytes=found.kept_bytes,
        packages=len(found.contents.packages),
        blockers=tuple(_content_blockers(found, name)),
        warnings=(_large(found, name, context),) if large else (),
        too_large=large,
    )


def unreadable(name: str, error: OSError | CondatuiError) -> Finding:
    """The blocker against changing an environment of which no restore point can be made, since it cannot be read."""
    why = reason(error) if isinstance(error, OSError) else error.in_one_line
    return blocker("not-readable", f"{sanitize(name)} cannot be read: {sanitize(why)}")


def no_room(kept: int, context: JobContext) -> tuple[Finding, ...]:
    """The blocker against restore points that do not fit where they are kept; blocks."""
    directory = directory_of_points(context.settings, context.locations)
    free = free_bytes(directory)
    if free is None or kept <= (room := max(free + context.freed_before, 0)):
        return ()
    wanted, there = format_apart(kept, room)
    message = f"The restore points need {wanted}, {there} are free."
    return (blocker("no-space", message, "The setting `restore_directory` keeps them elsewhere.", (str(directory),)),)


def _content_blockers(found: KeepEstimate, name: str) -> list[Finding]:
    tree = found.tree
    kinds = (
        ("holds-environments", tree.environments, f"{name} holds other environments", "Remove or move those first."),
        ("holds-mount", tree.mounts, f"Another file system is mounted in {name}", "Unmount it first."),
        (
            "not-readable",
            tree.unreadable,
            f"Something in {name} cannot be read, so that no restore point can be made",
            "Ask its owner.",
        ),
    )
    return [
        blocker(id_, f"{what}: {sanitize(lines[0])}.", remedy, lines) for id_, lines, what, remedy in kinds if lines
    ]


def _large(found: KeepEstimate, name: str, context: JobContext) -> Finding:
    limit = format_bytes(context.settings.restore_point_bytes)
    message = f"{name} holds {format_bytes(found.kept_bytes)} that conda could not put back."
    remedy = f"The limit is {limit} (`restore_point_bytes`); agreed to, all is kept."
    return finding("restore-point-large", "warning", message, remedy)

"""Inspects the paths that are to be removed, without changing anything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from condatui_core.actions.guards import observe_prefixes
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.remove.earlier_points import compare
from condatui_core.conda.registry import is_registered
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import InodeTally, PrefixTree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.installation import Installation
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.create import KeepEstimate, estimate, lost
from condatui_core.restore_points.store import all_points, directory_of_points

Kind = Literal["environment", "remains", "link", "missing", "nothing"]


@dataclass(frozen=True, slots=True)
class TargetContent:
    """The contents of a prefix, as far as a plan has to know them."""

    packages: int = 0
    kept_files: int = 0
    """Files that conda could not put back."""
    kept_bytes: int = 0
    gone: tuple[str, ...] = ()
    """Packages that no cache has any more, so that their files have to be kept."""
    lost: tuple[str, ...] = ()
    """Lines that name what could not be brought back as it is."""
    environments: tuple[str, ...] = ()
    """Other environments inside it."""
    mounts: tuple[str, ...] = ()
    symlinked_directories: tuple[str, ...] = ()
    """Directories of packages that are symlinks, so that conda would delete files elsewhere."""
    unreadable: tuple[str, ...] = ()
    problem: str = ""
    """Why it could not be read; empty if it could."""


@dataclass(frozen=True, slots=True)
class RemovalTarget:
    """One path that is to be removed."""

    path: str
    """The absolute path; if its last part is a link, that is not followed."""
    kind: Kind
    name: str
    observed: PrefixState
    environment: Environment | None = None
    installation: Installation | None = None
    known: bool = True
    """Whether it is an environment, or has a conda-meta; otherwise it may be any directory."""
    half_made: bool = False
    """Whether it has condatui's mark of an incomplete environment, whose source still exists elsewhere."""
    holds: tuple[str, ...] = ()
    """Paths in it that must never be deleted: the home directory, an installation, condatui's own files."""
    content: TargetContent = TargetContent()
    point: str = ""
    """The id of the restore point from before it was removed in part, so that it needs no new one."""
    covered: bool = False
    """Whether an earlier restore point has all its files."""


async def inspect_targets(
    paths: Sequence[str], context: JobContext, *, freed: InodeTally | None = None
) -> tuple[RemovalTarget, ...]:
    """Inspect paths, each once; with `freed` also every file in them, to add up there what they free together.

    The trees are summed up and not held in memory: there may be a hundred of them.
    """
    seen = await observe_prefixes(tuple(dict.fromkeys(paths)), context)
    return await asyncio.to_thread(partial(_targets, seen, context, freed))


def content_of(found: KeepEstimate) -> TargetContent:
    """Sum up an estimate."""
    return TargetContent(
        packages=len(found.contents.packages),
        kept_files=len(found.kept),
        kept_bytes=found.kept_bytes,
        gone=found.recorded.gone,
        lost=tuple(lost(found)),
        environments=tuple(found.tree.environments),
        mounts=tuple(found.tree.mounts),
        symlinked_directories=tuple(found.snapshot.symlinked_directories),
        unreadable=tuple(found.tree.unreadable),
    )


def _targets(seen: Sequence[PrefixState], context: JobContext, freed: InodeTally | None) -> tuple[RemovalTarget, ...]:
    found = tuple(_target(each, context) for each in seen)
    if freed is None:
        return found
    points = tuple(all_points(directory_of_points(context.settings, context.locations)))
    return tuple(
        _with_content(each, points, context, freed)
        if each.kind in ("environment", "remains") and not each.holds
        else each
        for each in found
    )


def _target(observed: PrefixState, context: JobContext) -> RemovalTarget:
    environment = context.environment(observed.real) or context.environment(observed.prefix)
    return RemovalTarget(
        path=observed.prefix,
        kind=_kind(observed, environment, context),
        name=environment.name if environment and not observed.symlink else observed.prefix,
        observed=observed,
        environment=environment,
        installation=context.installation(environment),
        known=environment is not None or observed.has_conda_meta,
        half_made=os.path.lexists(os.path.join(observed.prefix, HALF_MADE)),
        holds=tuple(_holds(observed, context)),
    )


def _kind(observed: PrefixState, environment: Environment | None, context: JobContext) -> Kind:
    if observed.symlink:
        return "link"
    if not observed.exists:
        listed = environment is not None or is_registered(context.caller.home, observed.prefix)
        return "missing" if listed else "nothing"
    contents = environment.contents if environment else None
    damaged = contents is not None and bool(contents.problems)  # conda would stop at a record that it cannot read
    misread = "$" in observed.prefix  # conda would expand it as a variable, and remove another path
    return "environment" if observed.has_history and not damaged and not misread else "remains"


def _with_content(
    target: RemovalTarget, points: Sequence[RestorePoint], context: JobContext, freed: InodeTally
) -> RemovalTarget:
    try:
        snapshot = read_snapshot(target.path)
        found = estimate(snapshot, caches_of(target.installation, context))
    except OSError as error:
        problem = f"{error.filename or target.path}: {reason(error)}"
        return replace(target, content=TargetContent(problem=problem))
    except CondatuiError as error:
        return replace(target, content=TargetContent(problem=error.detail or error.title))
    freed.add(snapshot.tree)
    content = content_of(found)
    seen = replace(target, content=content, kind="remains" if content.symlinked_directories else target.kind)
    directory = directory_of_points(context.settings, context.locations)
    return _compared_with_points(seen, snapshot.tree, [each for each in points if each.prefix == seen.path], directory)


def _compared_with_points(
    target: RemovalTarget, tree: PrefixTree, points: Sequence[RestorePoint], directory: Path
) -> RemovalTarget:
    """Compare a target with its restore points; of one that was removed in part, nothing has to be kept again."""
    compared = [(each.id, compare(tree, each, directory)) for each in points]
    covered = any(found.is_covered for _, found in compared)
    half = next((point for point, found in compared if found.is_half), "")
    if not half:
        return replace(target, covered=covered)
    content = replace(target.content, kept_files=0, kept_bytes=0, gone=(), lost=())
    return replace(target, content=content, point=half, covered=covered)


def _holds(observed: PrefixState, context: JobContext) -> Iterator[str]:
    precious = (
        str(context.caller.home),
        str(context.locations.state),
        str(context.locations.config),
        str(directory_of_points(context.settings, context.locations)),
        *(each.root_prefix for each in context.inventory.installations if each.root_prefix),
        *(cache for facts in context.conda_facts.values() for cache in facts.pkgs_dirs),
    )
    inside = observed.real.rstrip(os.sep) + os.sep
    for each in precious:
        if os.path.realpath(each).startswith(inside) or os.path.realpath(each) == observed.real:
            yield each

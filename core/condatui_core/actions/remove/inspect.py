"""What there is to remove: looked at closely, without changing anything."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from condatui_core.actions.guards import observe_prefixes, precious_inside
from condatui_core.actions.half_made import came_since
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.remove.earlier_points import compare, needs_no_other
from condatui_core.actions.remove.kernels import blind_kernels
from condatui_core.actions.set_aside import is_of, is_set_aside, origin_of, set_aside_of
from condatui_core.conda.registry import is_registered
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.fs.tree import InodeTally, PrefixTree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.references import references_to
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.installation import Installation
from condatui_core.records.job import BlindKernel
from condatui_core.records.kernel import Reference
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.create import KeepEstimate, estimate, lost
from condatui_core.restore_points.store import all_points, directory_of_points

_UNLINK_SCRIPT = re.compile(r"bin/\.[^/]+-(pre|post)-unlink\.sh")
_MENU = re.compile(r"Menu/[^/]+\.json")
_LARGEST_SHORTCUT = 64 * 1024

Kind = Literal["environment", "remains", "link", "missing", "nothing"]


@dataclass(frozen=True, slots=True)
class TargetContent:
    """What a prefix holds, as far as a plan has to know."""

    packages: int = 0
    kept_files: int = 0
    """Files that conda could not put back."""
    kept_bytes: int = 0
    gone: tuple[str, ...] = ()
    """Packages that no cache has any more, so that their files have to be kept."""
    lost: tuple[str, ...] = ()
    """What could not be brought back as it is."""
    environments: tuple[str, ...] = ()
    """Other environments inside it."""
    mounts: tuple[str, ...] = ()
    symlinked_directories: tuple[str, ...] = ()
    """Directories of packages that are behind a link, so that conda cannot be let near."""
    unreadable: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    """What conda would run when it removes the packages."""
    menus: tuple[str, ...] = ()
    """The files by which packages have made menu entries, which lie outside."""
    came: tuple[str, ...] = ()
    """What came into a half-made or half-removed environment after its job ended."""
    problem: str = ""
    """Why it could not be looked at."""


@dataclass(frozen=True, slots=True)
class RemovalTarget:
    """One path that is to be removed."""

    path: str
    """Absolute, its last part not followed."""
    kind: Kind
    name: str
    observed: PrefixState
    environment: Environment | None = None
    installation: Installation | None = None
    known: bool = True
    """Whether it is an environment, or lies where environments do; else it may be anything."""
    half_made: bool = False
    """Whether condatui itself was making it and has not come to the end."""
    holds: tuple[str, ...] = ()
    """What must never go along and lies in it: the home directory, a conda, condatui's own files."""
    content: TargetContent = TargetContent()
    point: str = ""
    """The restore point of before it was removed in part, so that it needs no other."""
    covered: bool = False
    """Whether all its files are in a restore point that was made before."""
    set_aside: tuple[str, ...] = ()
    """What a removal of it that did not come to its end has set aside."""
    references: tuple[Reference, ...] = ()
    """The lines of this user's files that name it, and will lead nowhere."""
    kernels: tuple[BlindKernel, ...] = ()
    """The Jupyter kernels elsewhere that start it."""
    shortcuts: tuple[str, ...] = ()
    """Menu entries of this user that name it."""

    @property
    def unused(self) -> bool:
        """Whether it is half-made and holds nothing that is not elsewhere, so that there is nothing to keep."""
        return self.half_made and not self.content.came and not self.content.problem

    @property
    def origin(self) -> str:
        """Where it was, if a removal has set it aside; else its path."""
        return origin_of(self.path)


async def inspect_targets(
    paths: Sequence[str], context: JobContext, *, freed: InodeTally | None = None
) -> tuple[RemovalTarget, ...]:
    """Look at paths, each once; with `freed` at every file in them, and what these free together is added up there.

    What is seen of the files goes into what is known of a path, and is not held: there may be a hundred of them.
    """
    seen = await observe_prefixes(tuple(dict.fromkeys(paths)), context)
    return await asyncio.to_thread(partial(_targets, seen, context, freed))


def content_of(found: KeepEstimate) -> TargetContent:
    """Sum up a survey."""
    return TargetContent(
        packages=len(found.contents.packages) + len(found.contents.pip_distributions),
        kept_files=len(found.kept),
        kept_bytes=found.kept_bytes,
        gone=found.recorded.gone,
        lost=tuple(lost(found)),
        environments=tuple(found.tree.environments),
        mounts=tuple(found.tree.mounts),
        symlinked_directories=tuple(found.snapshot.symlinked_directories),
        unreadable=tuple(found.tree.unreadable),
        scripts=tuple(each.path for each in found.tree.entries if _UNLINK_SCRIPT.fullmatch(each.path)),
        menus=tuple(each.path for each in found.tree.entries if _MENU.fullmatch(each.path)),
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
        known=environment is not None or observed.has_conda_meta or is_set_aside(observed.prefix),
        half_made=os.path.lexists(os.path.join(observed.prefix, HALF_MADE)),
        holds=precious_inside(observed, context),
        set_aside=set_aside_of(observed.prefix),
    )


def _kind(observed: PrefixState, environment: Environment | None, context: JobContext) -> Kind:
    if observed.symlink:
        return "link"
    if not observed.exists:
        listed = environment is not None or is_registered(context.caller.home, observed.prefix)
        return "missing" if listed else "nothing"
    contents = environment.contents if environment else None
    damaged = contents is not None and bool(contents.problems)  # conda would stop at a record that it cannot read
    misread = "$" in observed.prefix  # conda would take it for a variable, and remove something else
    return "environment" if observed.has_history and not damaged and not misread else "remains"


def _with_content(
    target: RemovalTarget, points: Sequence[RestorePoint], context: JobContext, freed: InodeTally
) -> RemovalTarget:
    try:
        snapshot = read_snapshot(target.path)
        found = estimate(snapshot, caches_of(target.installation, context))
        came = came_since(found, context, thorough=False) if target.half_made else ()
    except OSError as error:
        problem = f"{error.filename or target.path}: {reason(error)}"
        return replace(target, content=TargetContent(problem=problem))
    except CondatuiError as error:
        return replace(target, content=TargetContent(problem=error.detail or error.title))
    freed.add(snapshot.tree)
    content = replace(content_of(found), came=came)
    kind: Kind = "remains" if content.symlinked_directories else target.kind
    shortcuts = tuple(_shortcuts(context.caller.home, target.path)) if content.menus else ()
    home, environ = context.caller.home, context.caller.environ
    named = references_to(target.observed.real, context.inventory, environ=environ, home=home)
    references = tuple(each for each in named if each.kind != "kernel")
    kernels = tuple(blind_kernels(target.observed.real, context))
    seen = replace(target, content=content, kind=kind, shortcuts=shortcuts, references=references, kernels=kernels)
    directory = directory_of_points(context.settings, context.locations)
    return _compared_with_points(
        seen, snapshot.tree, [each for each in points if is_of(seen.path, each.prefix)], directory
    )


def _compared_with_points(
    target: RemovalTarget, tree: PrefixTree, points: Sequence[RestorePoint], directory: Path
) -> RemovalTarget:
    """Let nothing be kept of what is there only in part, if a restore point has it whole."""
    compared = [(each.id, compare(tree, each, directory)) for each in points]
    covered = any(found.is_covered for _, found in compared)
    half = next((point for point, found in compared if needs_no_other(target.path, found)), "")
    begun = next((found for _, found in compared if is_set_aside(target.path) or "removing" in found.against), None)
    if not half and begun:
        return replace(target, content=replace(target.content, came=begun.came), covered=covered)
    if not half and not target.unused:
        return replace(target, covered=covered)
    content = replace(target.content, kept_files=0, kept_bytes=0, gone=(), lost=())
    return replace(target, content=content, point=half, covered=covered)


def _shortcuts(home: Path, prefix: str) -> Iterator[str]:
    """The menu entries of a user that start something in a prefix, where a Linux desktop keeps them."""
    for file in sorted((home / ".local/share/applications").glob("*.desktop")):
        with suppress(OSError):
            if os.fsencode(os.path.join(prefix, "")) in read_bounded(str(file), _LARGEST_SHORTCUT):
                yield str(file)

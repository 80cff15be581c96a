"""Deletes Jupyter kernels whose environment is gone; a copy of each is kept in condatui's state directory first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from condatui_core.actions.guards import refuse
from condatui_core.actions.kernel_copies import BYTES_BESIDE_COPIES, fuller_copy_of, keep_copies
from condatui_core.actions.kernel_deletion import (
    against_copying,
    against_deleting,
    delete_kernels,
    how_to_bring_back,
    left_behind,
)
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.fs.tree import PrefixTree, read_tree
from condatui_core.prefixes.kernels import KERNEL_FILE, read_kernels
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Outcome, Plan, Recovery, Step
from condatui_core.records.kernel import Kernel
from condatui_core.records.request import KernelsRequest
from condatui_core.text import counted, sanitize


async def plan(request: KernelsRequest, context: JobContext) -> Plan:
    """Find out which kernels go, and what stands against it."""
    return await asyncio.to_thread(_plan, request, context)


async def perform(plan: Plan, request: KernelsRequest, context: JobContext, work: Work) -> Outcome:
    """Look again, keep a copy of each kernel, and delete what was copied; CondatuiError if no copy can be made."""
    await work.stage("look", "Looking for the environments once more")
    found = await work.in_thread(partial(_look_at, request, context))
    refuse(found.blockers)
    kept = context.locations.kernels / work.job_id
    await work.stage("keep", f"Keeping a copy in {sanitize(str(kept))}")
    copies = await work.in_thread(partial(keep_copies, found.trees, kept))
    await work.stage("delete", plan.title)
    left = await work.in_thread(partial(delete_kernels, found.trees))
    gone = found.trees.keys() - await work.in_thread(partial(_still_there, found.trees))
    freed = sum(found.trees[path].exclusive_bytes for path in gone)
    copied = (await work.in_thread(partial(read_tree, str(kept)))).exclusive_bytes
    return Outcome(
        message=f"{counted(len(gone), 'kernel')} deleted; {sanitize(str(kept))} has a copy.",
        findings=(how_to_bring_back(copies), *left_behind(left)),
        bytes_freed=freed - copied,
        kept_bytes=copied,
    )


async def recover(plan: Plan, request: KernelsRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out which of the kernels are whole, gone, or deleted in part, by the copies that were kept first."""
    if stage in ("", "look", "keep"):
        return Recovery(state="untouched", message="No kernel was deleted.")
    return await asyncio.to_thread(_inspect, request, context.locations.kernels)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a request is about, at one moment."""

    kernels: Mapping[str, Kernel]
    """By path; those that are none are left out."""
    trees: Mapping[str, PrefixTree]
    """By path, what lies in the directories of kernels that may go."""
    blockers: tuple[Finding, ...]


def _plan(request: KernelsRequest, context: JobContext) -> Plan:
    found = _look_at(request, context)
    freed = sum(tree.exclusive_bytes for tree in found.trees.values())
    kept = freed + BYTES_BESIDE_COPIES if found.trees else 0
    return Plan(
        request=request,
        title=f"Delete {counted(len(request.paths), 'Jupyter kernel')}",
        steps=tuple(Step(title=f"Keep a copy of {sanitize(path)} and delete it") for path in found.trees),
        bytes_freed=freed,
        bytes_needed=kept,
        kept_bytes=kept,
        facts=(
            *((_name(each), f"starts {sanitize(each.program)}, which is gone") for each in found.kernels.values()),
            ("kept in", sanitize(str(context.locations.kernels))),
        ),
        blockers=found.blockers,
    )


def _name(kernel: Kernel) -> str:
    return sanitize(kernel.display_name or kernel.name)


def _look_at(request: KernelsRequest, context: JobContext) -> _Found:
    prefixes = [each.prefix for each in context.inventory.environments if os.path.isdir(each.prefix)]
    home = context.caller.home
    known = {each.path: each for each in read_kernels(prefixes, environ=context.caller.environ, home=home)}
    trees: dict[str, PrefixTree] = {}
    blockers: list[Finding] = []
    for path in dict.fromkeys(request.paths):
        found = tuple(_against(path, known.get(path), context))
        blockers += found
        if not found:
            tree = read_tree(path)
            blockers += against_copying(tree)
            trees[path] = tree
    return _Found({path: known[path] for path in request.paths if path in known}, trees, tuple(blockers))


def _against(path: str, kernel: Kernel | None, context: JobContext) -> Iterator[Finding]:
    name = sanitize(path)
    if kernel is None:
        yield blocker("not-a-kernel", f"{name} is no kernel of this user or of an environment.")
    elif kernel.gone or os.path.islink(path):
        yield from against_deleting(path, context)
    else:
        yield blocker("kernel-alive", f"What {name} starts may still be there: {sanitize(kernel.program)}.")


def _still_there(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(path for path in paths if os.path.lexists(path))


# What an interrupted deletion has left


def _inspect(request: KernelsRequest, kept: Path) -> Recovery:
    """Say what is there of each kernel. One without its kernel.json, which goes last, is deleted."""
    there = tuple(path for path in request.paths if os.path.lexists(os.path.join(path, KERNEL_FILE)))
    copies = {path: copy for path in there if (copy := fuller_copy_of(path, kept))}
    if len(there) == len(request.paths) and not copies:
        return Recovery(state="untouched", message="No kernel was deleted.")
    said = [f"{sanitize(path)} is deleted in part: {sanitize(copy)} has it whole." for path, copy in copies.items()]
    if whole := len(there) - len(copies):
        said.append(f"{counted(whole, 'kernel is', 'kernels are')} still there.")
    if gone := len(request.paths) - len(there):
        said.append(
            f"{counted(gone, 'kernel is', 'kernels are')} deleted; a directory in {sanitize(str(kept))} has a copy."
        )
    said += [
        f"{sanitize(path)} is left without its kernel: delete it by hand." for path in _hollow(request.paths, there)
    ]
    return Recovery(
        state="half" if there else "done",
        message=" ".join(said),
        way_out=KernelsRequest(paths=there) if there else None,
        way_out_title="Delete the rest" if there else "",
    )


def _hollow(paths: Iterable[str], there: Collection[str]) -> Iterator[str]:
    """The directories of deleted kernels that are left: a copy would be moved into one of them, not to its place."""
    return (path for path in paths if path not in there and os.path.lexists(path))

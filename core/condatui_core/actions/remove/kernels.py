"""The Jupyter kernels that start what goes: which they are, and letting them go along."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from condatui_core.actions.kernel_copies import keep_copies
from condatui_core.actions.kernel_deletion import (
    against_copying,
    against_deleting,
    delete_kernels,
    how_to_bring_back,
    left_behind,
)
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.safe_read import reason, sha256_of
from condatui_core.fs.tree import PrefixTree, read_tree
from condatui_core.prefixes.kernels import KERNEL_FILE
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import BlindKernel
from condatui_core.records.kernel import Kernel
from condatui_core.remedy import TakeKernels
from condatui_core.text import counted, sanitize, some_of

# What a removal is told of them


def blind_kernels(prefix: str, context: JobContext) -> Iterator[BlindKernel]:
    """The kernels outside of an environment, given by its real prefix, that start nothing once it is gone; blocks."""
    for each in context.inventory.kernels:
        if each.prefix == prefix and each.inside != prefix:
            stays, sha256 = _looked_at(each, context)
            name = each.display_name or each.name
            yield BlindKernel(path=each.path, name=name, prefix=prefix, sha256=sha256, stays=stays)


def _looked_at(kernel: Kernel, context: JobContext) -> tuple[str, str]:
    """Why a kernel cannot go along, or else the digest of its kernel.json."""
    if kernel.inside:
        return f"It is a part of {sanitize(kernel.inside)}.", ""
    try:
        against = [*against_deleting(kernel.path, context)] or [*against_copying(read_tree(kernel.path))]
        return (against[0].message, "") if against else ("", sha256_of(os.path.join(kernel.path, KERNEL_FILE)))
    except OSError as error:
        return f"It cannot be read: {reason(error)}.", ""


def kernel_findings(name: str, kernels: Sequence[BlindKernel], *, going: bool) -> Iterator[Finding]:
    """What one should know of the kernels that start an environment; `going` if those go along that can."""
    offered = [each for each in kernels if not each.stays]
    if offered and not going:
        count = counted(len(offered), "Jupyter kernel starts", "Jupyter kernels start")
        message = f"{count} {name} and will start nothing: {some_of([sanitize(each.name) for each in offered])}."
        yield finding("kernel", "note", message, TakeKernels(), (sanitize(each.path) for each in offered))
    for each in kernels:
        if each.stays:
            message = f"The Jupyter kernel {sanitize(each.name)} will start nothing, and stays. {each.stays}"
            yield finding("kernel", "note", message, evidence=(sanitize(each.path),))


def going_along(kernels: Iterable[BlindKernel], prefix: str) -> tuple[BlindKernel, ...]:
    """Those of some kernels that can go along with an environment."""
    return tuple(each for each in kernels if each.prefix == prefix and not each.stays)


def left_of(kernels: Iterable[BlindKernel]) -> tuple[str, ...]:
    """The directories of those that were to go along with what is gone, and are still there as they were; blocks."""
    there = (each for each in kernels if not each.stays and not os.path.lexists(each.prefix))
    return tuple(each.path for each in there if _digest_of(each.path) == each.sha256)


# Letting them go


@dataclass(frozen=True, slots=True)
class KernelsGone:
    """What has become of the kernels that were to go along."""

    names: tuple[str, ...] = ()
    """The names of those that are gone."""
    findings: tuple[Finding, ...] = ()


def take_along(kernels: Sequence[BlindKernel], kept: Path, context: JobContext, *, tells_how: bool) -> KernelsGone:
    """Keep copies of kernels and delete them, unless one is not what was planned any more; blocks.

    The environment is gone: whatever fails is told and no error. `tells_how` adds the commands that bring them back.
    """
    findings: list[Finding] = []
    trees: dict[str, PrefixTree] = {}
    named = {each.path: each for each in kernels if os.path.lexists(each.path)}
    for path, each in named.items():
        if why := _why_it_stays_now(each, context):
            findings.append(_stays(each, why))
        else:
            trees[path] = read_tree(path)
    if not trees:
        return KernelsGone(findings=tuple(findings))
    try:
        copies = dict(keep_copies(trees, kept))
    except CondatuiError as error:
        found = finding("kernel", "warning", error.title, evidence=map(sanitize, error.detail.splitlines()))
        return KernelsGone(findings=(*findings, found))
    for path in [path for path, copy in copies.items() if _digest_of(str(copy)) != named[path].sha256]:
        delete_tree(str(copies.pop(path)))
        del trees[path]
        findings.append(_stays(named[path], "It has changed since this was planned."))
    left = delete_kernels(trees)
    gone = tuple(sanitize(named[path].name) for path in trees if not os.path.lexists(path))
    if copies and tells_how:
        findings.append(how_to_bring_back(copies))
    return KernelsGone(gone, (*findings, *left_behind(left)))


def _why_it_stays_now(kernel: BlindKernel, context: JobContext) -> str:
    if os.path.lexists(kernel.prefix):
        return f"Something is at {sanitize(kernel.prefix)} again."
    stays, sha256 = _looked_at(Kernel(path=kernel.path, name=kernel.name), context)
    return stays or ("" if sha256 == kernel.sha256 else "It has changed since this was planned.")


def _stays(kernel: BlindKernel, why: str) -> Finding:
    message = f"The Jupyter kernel {sanitize(kernel.name)} stays. {why}"
    return finding("kernel", "warning", message, evidence=(sanitize(kernel.path),))


def _digest_of(directory: str) -> str:
    try:
        return sha256_of(os.path.join(directory, KERNEL_FILE))
    except OSError:
        return ""

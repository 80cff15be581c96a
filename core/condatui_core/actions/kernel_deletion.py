"""Deletes Jupyter kernels of which copies are kept, and what stands against it, whatever the reason that they go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from condatui_core.actions.kernel_copies import commands_to_bring_back, stamp_of
from condatui_core.actions.protocol import JobContext
from condatui_core.fs.atomic_write import sync_directory
from condatui_core.fs.delete_tree import Goes, Leftover, delete_what_goes
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import PrefixTree
from condatui_core.prefixes.kernels import KERNEL_FILE
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.text import counted, format_bytes, sanitize

_LARGEST = 100_000_000
"""The most bytes of a kernel that are kept: usually it has some icons."""


def against_deleting(path: str, context: JobContext) -> Iterator[Finding]:
    """What stands against deleting the directory of a kernel, by whose it is and where it lies."""
    name = sanitize(path)
    if os.path.islink(path):
        yield blocker("symlink", f"{name} is a link: what it leads to would stay.", "Delete the link by hand.")
    elif os.lstat(path).st_uid != context.caller.euid:
        yield blocker("other-owner", f"{name} belongs to another user.", "Ask its owner.")
    elif not all(os.access(each, os.W_OK | os.X_OK) for each in (path, os.path.dirname(path))):
        yield blocker("not-writable", f"This user may not delete {name}.")


def against_copying(tree: PrefixTree) -> Iterator[Finding]:
    """What stands against keeping a copy of a kernel, by what its directory holds."""
    odd = [each.path for each in tree.entries if each.kind not in ("file", "directory", "symlink")]
    if odd or tree.unreadable or tree.mounts:
        first = (*odd, *tree.unreadable, *tree.mounts)[0]
        yield blocker("kernel-odd", f"{sanitize(tree.root)} cannot be kept: {sanitize(first)}.", "Delete it by hand.")
    size = sum(each.status.st_size for each in tree.entries if each.kind == "file")
    if size > _LARGEST:
        message = f"{sanitize(tree.root)} has {format_bytes(size)}, which is more than a kernel needs."
        yield blocker("kernel-large", message, "Delete it by hand.")


def delete_kernels(trees: Mapping[str, PrefixTree]) -> tuple[Leftover, ...]:
    """Delete what was copied; kernel.json goes last, so that what is left half-way is still told as a kernel."""
    left: list[Leftover] = []
    for path, tree in trees.items():
        left += _delete_one(path, tree)
    return tuple(left)


def _delete_one(path: str, tree: PrefixTree) -> tuple[Leftover, ...]:
    try:
        above = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            left = delete_what_goes(above, path, _as_it_was(tree), last=KERNEL_FILE)
            with suppress(OSError):  # it has happened, whatever the disk says
                sync_directory(above)
            return left
        finally:
            os.close(above)
    except OSError as error:  # what became of the others is told all the same
        return (Leftover(path, reason(error)),)


def _as_it_was(tree: PrefixTree) -> Goes:
    """Give a test whether a path is still what was copied, by lstat; of a directory only that it is the same one."""
    stamps = {each.path: stamp_of(each.status) for each in tree.entries}
    return lambda path, status: stamps.get(path) == stamp_of(status)


# What is told


def how_to_bring_back(copies: Mapping[str, Path]) -> Finding:
    """The commands that bring deleted kernels back."""
    commands = tuple(map(sanitize, commands_to_bring_back(copies)))
    message = f"To bring {'it' if len(commands) == 1 else 'one'} back: {commands[0]}"
    return finding("kept", "note", message, evidence=commands)


def left_behind(left: tuple[Leftover, ...]) -> Iterator[Finding]:
    """What of the kernels could not be deleted."""
    if left:
        evidence = tuple(sanitize(str(each)) for each in left)
        message = f"{counted(len(left), 'thing')} could not be deleted: {evidence[0]}."
        yield finding("left-behind", "warning", message, evidence=evidence)

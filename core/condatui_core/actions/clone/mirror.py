"""Gives a clone every file that its source has: files that conda has linked stay, all others are copied."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from condatui_core.actions.clone.source import Source
from condatui_core.actions.prefix_change import LARGEST_TEXT, PrefixChange, module_of, same
from condatui_core.fs.attributes import copy_attributes
from condatui_core.fs.held_tree import HeldTree, write_with_holes
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.tree import TreeEntry, allocated, read_tree

_CHUNK = 4 << 20
_LONGEST_PATH = 4096


@dataclass(slots=True)
class Mirrored:
    """What was copied, and what could not be."""

    copied: list[str] = field(default_factory=list)
    """All files that were copied."""
    rewritten: list[str] = field(default_factory=list)
    """Those of them in which the prefix was replaced."""
    naming_source: list[str] = field(default_factory=list)
    """Those of them that still contain the old prefix: binary files, where it cannot be replaced."""
    unreadable: list[str] = field(default_factory=list)
    """Lines that name what could not be read, and why."""
    special: list[str] = field(default_factory=list)
    """Pipes, sockets and devices, which are not copied."""


class Mirror:
    """Makes a target equal to its source."""

    def __init__(
        self, source: Source, change: PrefixChange, tree: HeldTree, on_progress: Callable[[int], None]
    ) -> None:
        """`tree` is the target, held."""
        self._source = source
        self._tree = tree
        self._change = change
        self._on_progress = on_progress
        self._there: dict[str, TreeEntry] = {}
        self._modes: list[tuple[str, int]] = []
        """The modes that directories get after they are filled."""
        self.result = Mirrored(unreadable=list(source.tree.unreadable))

    def run(self, stopped: Callable[[], bool]) -> Mirrored:
        """Mirror all paths, or until `stopped` returns True. Raises OSError if the target cannot be written."""
        self._there = {each.path: each for each in read_tree(self._change.target, leaving_out=("conda-meta",)).entries}
        for entry in tuple(surplus(self._source, self._there)):
            self._tree.delete(entry.path)
        for number, entry in enumerate(self._source.tree.entries, start=1):
            if stopped():
                break
            self._mirror(entry)
            self._on_progress(number)
        for path, mode in reversed(self._modes):
            made = self._tree.status(path)
            inherited = made.st_mode & stat.S_ISGID if made else 0  # of the directory above, which a team may share
            self._tree.set_mode(path, (mode & ~stat.S_ISGID) | inherited)
        return self.result

    def _mirror(self, entry: TreeEntry) -> None:
        target = self._there.get(entry.path)
        if entry.kind not in ("file", "directory", "symlink"):
            self.result.special.append(entry.path)
            return
        try:
            is_same = target is not None and same(entry, target, self._change)
        except OSError as error:
            self.result.unreadable.append(f"{entry.path}: {reason(error)}")
            return
        if not is_same:
            if target is not None:
                self._tree.delete(target.path)
            self._make(entry)
        elif target is not None and entry.kind == "file" and target.status.st_nlink == 1:
            self._set_mode(entry, target)

    def _make(self, entry: TreeEntry) -> None:
        if entry.kind == "directory":
            self._tree.make_directory(entry.path)
            self._modes.append((entry.path, stat.S_IMODE(entry.status.st_mode)))
        elif entry.kind == "symlink":
            self._tree.make_symlink(entry.path, self._change.link_target(entry.target))
        else:
            self._copy(entry)

    def _copy(self, entry: TreeEntry) -> None:
        """Copy a file under a temporary name, so that no half file is seen and no link into the cache is written to."""
        try:
            stream = open_regular(os.path.join(self._change.source, entry.path))
        except OSError as error:
            self.result.unreadable.append(f"{entry.path}: {reason(error)}")
            return
        with stream, self._tree.write(entry.path) as written:
            holes = allocated(entry.status) < entry.status.st_size
            write = partial(write_with_holes, written) if holes else written.write
            if entry.status.st_size <= LARGEST_TEXT:
                data = stream.read()
                changed = self._change.file_content(data)
                write(changed)
                self._note(entry.path, changed != data, self._change.occurs_in(changed))
            else:
                carried = False
                tail = b""
                while chunk := stream.read(_CHUNK):
                    tail += chunk
                    carried = carried or self._change.occurs_in(tail)
                    tail = tail[-_LONGEST_PATH:]
                    write(chunk)
                self._note(entry.path, False, carried)
            copy_attributes(stream, written)

    def _note(self, path: str, rewritten: bool, naming_source: bool) -> None:
        self.result.copied.append(path)
        if rewritten:
            self.result.rewritten.append(path)
        if naming_source and not path.endswith(".pyc"):
            self.result.naming_source.append(path)

    def _set_mode(self, entry: TreeEntry, target: TreeEntry) -> None:
        mode = stat.S_IMODE(entry.status.st_mode)
        if stat.S_IMODE(target.status.st_mode) != mode:
            self._tree.set_mode(entry.path, mode)


def surplus(source: Source, there: dict[str, TreeEntry]) -> Iterator[TreeEntry]:
    """The entries that the target has and the source has not, deepest first: they were deleted from the source.

    Modules that conda has compiled stay if the source has their source files.
    """
    wanted = {each.path for each in source.tree.entries}
    unseen = tuple(f"{each}/" for each in source.unseen)
    for entry in reversed(tuple(there.values())):
        if entry.path in wanted or f"{entry.path}/".startswith(unseen):
            continue
        if entry.kind == "directory" and os.path.basename(entry.path) == "__pycache__":
            keep = os.path.dirname(entry.path) in wanted
        else:
            keep = module_of(entry.path) in wanted
        if not keep:
            yield entry

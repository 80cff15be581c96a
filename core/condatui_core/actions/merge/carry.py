"""Carries over to the merged environment what only the member has of pip: the same files, byte by byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from condatui_core.actions.clone.carry_over import amend_records
from condatui_core.actions.prefix_change import LARGEST_TEXT, PrefixChange
from condatui_core.errors import CondatuiError
from condatui_core.fs.attributes import copy_attributes
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import open_regular
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.ownership import owners_of
from condatui_core.prefixes.snapshot import PrefixRecords
from condatui_core.records.package import Distribution
from condatui_core.text import sanitize

_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Carried:
    """The files of distributions."""

    files: tuple[str, ...] = ()
    """Relative to the prefix."""
    unknown: tuple[str, ...] = ()
    """The names of the distributions whose files nothing states, or that lie outside the prefix."""


def carried_by(records: PrefixRecords, distributions: Sequence[Distribution]) -> Carried:
    """Find the files of distributions of pip by their lists of files; blocks."""
    if not distributions:
        return Carried()
    owners = owners_of(records.prefix, records.contents, (each.paths for each in records.packages))
    wanted = {each.path: each.name for each in distributions}
    numbers = {
        number: wanted[owner.path]
        for number, owner in enumerate(owners.packages)
        if isinstance(owner, Distribution) and owner.path in wanted
    }
    stated = [(path, numbers[number]) for path, number in owners.by_path.items() if number in numbers]
    outside = {name for path, name in stated if _is_outside(path)}
    unknown = (set(wanted.values()) - {name for _, name in stated}) | outside
    files = {path for path, name in stated if name not in unknown}
    metadata = (path for path, number in owners.metadata.items() if numbers.get(number, "") not in ("", *unknown))
    files |= {path for directory in metadata for path in _files_in(records.prefix, directory)}
    there = (path for path in files if os.path.lexists(os.path.join(records.prefix, path)))
    return Carried(tuple(sorted(there)), tuple(sorted(unknown)))


def _is_outside(path: str) -> bool:
    return os.path.isabs(path) or path.split(os.sep, maxsplit=1)[0] == os.pardir


def _files_in(prefix: str, directory: str) -> Iterator[str]:
    """The files in the directory of metadata, which not every list names."""
    top = os.path.join(prefix, directory)
    if os.path.isdir(top):
        found = (each for each in read_tree(top).entries if each.kind != "directory")
        yield from (os.path.join(directory, each.path) for each in found)


def carry(member: str, change: PrefixChange, files: Sequence[str], tree: HeldTree) -> None:
    """Copy files of the member, which lies at `member` now, into a clone that is held; blocks.

    Raises CondatuiError if something is at one of the paths, OSError if a file cannot be read or written.
    """
    rewritten = set()
    for path in files:
        if tree.status(path) is not None:
            title = f"{sanitize(path)} of the member would replace what the keeper has there."
            raise CondatuiError(title, change.target, "Uninstall one of the two with pip first.")
        _make_directories(tree, os.path.dirname(path))
        if _copy(os.path.join(member, path), path, change, tree):
            rewritten.add(path)
    amend_records(tree, files, rewritten)


def _make_directories(tree: HeldTree, directory: str) -> None:
    if directory and tree.status(directory) is None:
        _make_directories(tree, os.path.dirname(directory))
        tree.make_directory(directory)


def _copy(source: str, path: str, change: PrefixChange, tree: HeldTree) -> bool:
    """Copy a file or link; returns whether the prefix was replaced in it."""
    if stat.S_ISLNK(os.lstat(source).st_mode):
        tree.make_symlink(path, change.link_target(os.readlink(source)))
        return False
    with open_regular(source) as stream, tree.write(path) as written:
        changed = False
        if os.fstat(stream.fileno()).st_size <= LARGEST_TEXT:
            data = stream.read()
            content = change.file_content(data)
            changed = content != data
            written.write(content)
        else:
            while chunk := stream.read(_CHUNK):
                written.write(chunk)
        copy_attributes(stream, written)
    return changed

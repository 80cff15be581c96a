"""The copies that are kept of kernels before they are deleted, and how they come back."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import write_new
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.safe_read import open_regular, read_bounded, reason
from condatui_core.fs.sync import sync_tree
from condatui_core.fs.tree import PrefixTree, read_tree
from condatui_core.prefixes.kernels import KERNEL_FILE
from condatui_core.records.kernel import HOW_TO_BRING_BACK

BYTES_BESIDE_COPIES = 2 * 4096
"""Bytes that are kept beside the copies of a job: their directory, and how to bring them back."""
_MOST_COMMANDS = 1 << 20
"""Bytes of a file with the commands that bring copies back."""

# Keeping copies


def keep_copies(trees: Mapping[str, PrefixTree], kept: Path) -> Mapping[str, Path]:
    """Copy kernels, and wait until the copies are on the disk; returns where each one is."""
    copies = {path: kept / f"{number}-{os.path.basename(path)}" for number, path in enumerate(trees, start=1)}
    try:
        kept.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise _not_kept(kept, error) from error
    try:
        for path, copy in copies.items():
            _copy(trees[path], copy)
        write_new(
            kept / HOW_TO_BRING_BACK, os.fsencode("".join(f"{each}\n" for each in commands_to_bring_back(copies)))
        )
        sync_tree(str(kept.parent))
    except OSError as error:
        delete_tree(str(kept))  # a part of the copies is of no use
        raise _not_kept(kept, error) from error
    return copies


def _not_kept(kept: Path, error: OSError) -> CondatuiError:
    where = f"{error.filename or kept}: {reason(error)}"
    return CondatuiError("No copy of the kernels could be kept: nothing was deleted.", where)


def _copy(tree: PrefixTree, target: Path) -> None:
    for entry in tree.entries:  # each directory before its contents
        source, copy = os.path.join(tree.root, entry.path), target / entry.path
        if entry.kind == "directory":
            copy.mkdir()
        elif entry.kind == "symlink":
            copy.symlink_to(entry.target)
        else:
            with open_regular(source) as stream:
                _refuse_another(os.fstat(stream.fileno()), entry.status, source)
                write_new(copy, stream.read())
        if entry.kind == "file":
            shutil.copystat(source, copy, follow_symlinks=False)


def _refuse_another(found: os.stat_result, expected: os.stat_result, path: str) -> None:
    """Raise OSError if an open file is not the one that goes: another process may move directories meanwhile."""
    if stamp_of(found) != stamp_of(expected):
        raise OSError(errno.ESTALE, "it has been replaced or changed", path)


def stamp_of(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file or directory from another one, and a file from what it is once it was changed."""
    identity = status.st_mode, status.st_dev, status.st_ino
    return identity if stat.S_ISDIR(status.st_mode) else (*identity, status.st_size, status.st_mtime_ns)


# Finding them again


def fuller_copy_of(path: str, kept: Path) -> str:
    """The fullest copy of a kernel that has something that is not there any more; empty if there is none.

    It is of the same kernel.json, since another kernel may have had the same path before.
    """
    there, fullest = _files_of(path), dict[str, _File]()
    found = ""
    for copy in _copies_of(path, kept):
        files = _files_of(copy)
        same = files.get(KERNEL_FILE) == there.get(KERNEL_FILE)
        if same and len(files) > len(fullest) and not files.keys() <= there.keys():
            found, fullest = copy, files
    return found


def has_all_of(copy: str, path: str) -> bool:
    """Whether all that a copy has is at a path, as after one by hand that has kept the times."""
    return _files_of(copy).items() <= _files_of(path).items()


_File: TypeAlias = "str | tuple[int, int]"
"""The target of a link, or size and modification time: a copy keeps them."""


def _files_of(directory: str) -> dict[str, _File]:
    """What lies in a directory, by relative path; nothing if it cannot be read."""
    try:
        entries = read_tree(directory).entries
    except OSError:
        return {}
    return {each.path: each.target or (each.status.st_size, each.status.st_mtime_ns) for each in entries}


def _copies_of(path: str, kept: Path) -> Iterator[str]:
    """The copies that jobs have kept of the kernel at a path."""
    for job in sorted(kept.glob("*")):
        yield from (copy for copy, origin in copies_in(job) if origin == path)


def copies_in(job: Path) -> Iterator[tuple[str, str]]:
    """The copies that one job has kept, and where each kernel was, by the commands that bring them back."""
    with suppress(OSError, ValueError):  # ValueError: a line with half a quotation
        for line in os.fsdecode(read_bounded(str(job / HOW_TO_BRING_BACK), _MOST_COMMANDS)).splitlines():
            match shlex.split(line):
                case ["mv", "--", copy, origin]:
                    yield copy, origin
                case _:
                    pass


def commands_to_bring_back(copies: Mapping[str, Path]) -> Iterator[str]:
    """The command for each copy that moves it to where the kernel was."""
    return (shlex.join(("mv", "--", str(copy), path)) for path, copy in copies.items())

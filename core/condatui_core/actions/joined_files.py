"""Lists of the files that relinking has joined, one for each environment, so that they can become its own again."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.actions.exchanges import Exchange, noted_files, read_notes, settle, unsettled
from condatui_core.errors import CondatuiError, NewerFormatError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.documents import decode, encode_versioned, format_of
from condatui_core.fs.safe_read import read_bounded, reason

_FORMAT = 1
_SUFFIX = ".json.gz"
_LARGEST = 256 << 20
"""Bytes of the largest list that is read."""


class JoinedFile(Struct, frozen=True, array_like=True):
    """A path whose file is one with others since a relink."""

    path: str
    """Relative to its environment."""
    inode: int
    """The inode number of the file that stayed."""
    modified: int
    """The mtime that it had before, in nanoseconds."""


class _List(Struct, frozen=True):
    prefix: str
    files: tuple[JoinedFile, ...]


_LIST = msgspec.json.Decoder(_List)


def read_joined(directory: Path, prefix: str) -> tuple[JoinedFile, ...]:
    """The files of an environment that relinking has joined, as far as they still are; blocks.

    Raises OSError if the list is there and cannot be read, NewerFormatError if a newer condatui has written it.
    """
    return tuple(each for each in _listed(_file(directory, prefix)).files if _is_joined(prefix, each))


class JoinedEnvironment(Struct, frozen=True):
    """An environment with files that are one with others since a relink."""

    at: datetime
    """When its list was written last."""
    prefix: str


def joined_environments(directory: Path) -> tuple[JoinedEnvironment, ...]:
    """The environments with files that are still joined, the last relinked first; blocks.

    A list that cannot be read is left out here: who asks for its environment is told.
    """
    return tuple(sorted(_joined_environments(directory), key=lambda each: (each.at, each.prefix), reverse=True))


def _joined_environments(directory: Path) -> Iterator[JoinedEnvironment]:
    for file in directory.glob(f"*{_SUFFIX}"):
        with suppress(OSError, CondatuiError):
            at = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
            found = _listed(file)
            if any(_is_joined(found.prefix, each) for each in found.files):
                yield JoinedEnvironment(at, found.prefix)


def write_joined(directory: Path, prefix: str, files: Sequence[JoinedFile]) -> None:
    """Write the list of an environment, or delete it if it is empty; blocks. Raises OSError."""
    file = _file(directory, prefix)
    if files:
        data = encode_versioned(_List(prefix, tuple(files)), _FORMAT)
        write_whole(file, gzip.compress(data, mtime=0), replace=True)
    else:
        file.unlink(missing_ok=True)


def tidy_up(directory: Path) -> tuple[int, tuple[str, ...]]:
    """Settle what interrupted jobs have noted, list what they have joined, and forget environments that are gone.

    Blocks. Returns how many temporary names were deleted, and what could not be settled, a line each: its notes stay.
    Raises OSError, NewerFormatError.
    """
    gone, told = 0, list[str]()
    for file in noted_files(directory):
        exchanges = tuple(read_notes(file))
        settled, left = settle(exchanges)
        gone += settled
        told += left
        list_joined(directory, exchanges)
        if not left:
            file.unlink()
    _forget_what_is_gone(directory)
    return gone, tuple(told)


def temporary_names(directory: Path) -> int:
    """How many temporary names interrupted jobs have left, as far as their notes can be read; blocks."""
    return sum(map(_left_by, noted_files(directory)))


def _left_by(file: Path) -> int:
    try:
        return sum(1 for _ in unsettled(read_notes(file)))
    except (OSError, NewerFormatError):
        return 0


def list_joined(directory: Path, exchanges: Iterable[Exchange]) -> None:
    """Add to the lists of environments what was exchanged, as far as it really is joined now; blocks."""
    by_root: defaultdict[str, list[Exchange]] = defaultdict(list)
    for each in exchanges:
        by_root[each.root].append(each)
    for root, noted in by_root.items():
        if not os.path.isdir(os.path.join(root, "conda-meta")):
            continue  # package caches have their files for others
        known = {each.path: each for each in _listed(_file(directory, root)).files}
        for each in noted:
            before = known.get(each.path)
            first = before.modified if before and before.inode == each.old else each.modified
            if _is_joined(root, file := JoinedFile(each.path, each.new, first)):  # not if it was to become its own
                known[each.path] = file
        joined = [each for _, each in sorted(known.items()) if _is_joined(root, each)]
        write_joined(directory, root, joined)


def _is_joined(prefix: str, file: JoinedFile) -> bool:
    """Whether it still is the file that stayed, and has other names."""
    try:
        status = os.lstat(os.path.join(prefix, file.path))
    except OSError:
        return False
    return status.st_ino == file.inode and status.st_nlink > 1


def _forget_what_is_gone(directory: Path) -> None:
    for file in directory.glob(f"*{_SUFFIX}"):
        prefix = _listed(file).prefix
        if prefix and not os.path.isdir(prefix):
            write_joined(directory, prefix, ())


def _file(directory: Path, prefix: str) -> Path:
    return directory / f"{hashlib.sha256(os.fsencode(prefix)).hexdigest()[:32]}{_SUFFIX}"


def _listed(file: Path) -> _List:
    """What a list has; nothing if there is none."""
    try:
        data = gzip.decompress(read_bounded(str(file), _LARGEST))
        return _decoded(data, file)
    except FileNotFoundError:
        return _List("", ())
    except (EOFError, zlib.error, OSError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise OSError(errno.EILSEQ, why, str(file)) from error


def _decoded(data: bytes, file: Path) -> _List:
    if (found := format_of(data)) > _FORMAT:
        raise NewerFormatError("A list of files that were joined", str(file), found=found, known=_FORMAT)
    return decode(data, _LIST, own=True)

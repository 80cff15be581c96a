"""Lists of the files that relinking has joined, one for each environment, so that they can become its own again."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui_core.actions.exchanges import Exchange, keep_notes, noted_files, read_notes, settle, unsettled
from condatui_core.errors import CondatuiError, NewerFormatError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.documents import decode, encode_versioned, format_of
from condatui_core.fs.safe_read import open_regular, read_bounded, reason
from condatui_core.text import sanitize

_FORMAT = 1
_SUFFIX = ".json.gz"
_LARGEST = 256 << 20
"""Bytes of the largest list that is read."""
_LONGEST_LINE = 200
_AWAY = 30 * 86_400
"""Seconds after which an environment that is away is gone."""
LIST_WAY_OUT = "If it is a list and damaged, delete it: then the files of its environment cannot become its own again."
"""What to do where a list cannot be read."""


class JoinedFile(Struct, frozen=True, array_like=True):
    """A path whose file is one with others since a relink."""

    path: str
    """Relative to its environment."""
    inode: int
    """The inode number of the file that stayed."""
    modified: int
    """The mtime that the path had before, in nanoseconds."""
    size: int = -1
    """The bytes of the file that stayed when it was joined; -1 if that is not known."""
    joined_modified: int = 0
    """The mtime of the file that stayed when it was joined, in nanoseconds."""
    former: int = 0
    """The inode number that the path had before; 0 if that is not known. Paths of one were one file."""

    def is_as_joined(self, status: os.stat_result) -> bool:
        """Whether the file that stayed has not been edited since."""
        return (status.st_ino, status.st_size, status.st_mtime_ns) == (self.inode, self.size, self.joined_modified)


class _List(Struct, frozen=True):
    prefix: str
    files: tuple[JoinedFile, ...]
    identity: str = ""
    """What tells the environment from another one that is made at its prefix later."""
    away_since: float = 0
    """When its prefix was found to be away, as a Unix time; 0 as long as it is there."""


_LIST = msgspec.json.Decoder(_List)


def read_joined(directory: Path, prefix: str) -> tuple[JoinedFile, ...]:
    """The files of an environment that relinking has joined, as far as they still are; blocks.

    Those are left out that have the file to themselves again as they had it before. Raises OSError if the list is there
    and cannot be read, NewerFormatError if a newer condatui has written it.
    """
    files = [each for each in _known(directory, prefix) if _links(prefix, each) > 1]
    return tuple(file for group in one_file_before(files) for file in group if _links(prefix, file) > len(group))


def one_file_before(files: Iterable[JoinedFile]) -> tuple[tuple[JoinedFile, ...], ...]:
    """The files of an environment, those together that were one file before they were joined with others."""
    groups: dict[JoinedFile, list[JoinedFile]] = {}
    for each in files:
        same = replace(each, path="") if each.former else each
        groups.setdefault(same, []).append(each)
    return tuple(map(tuple, groups.values()))


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
            if read_joined(directory, found.prefix):
                yield JoinedEnvironment(at, found.prefix)


def write_joined(directory: Path, prefix: str, files: Sequence[JoinedFile]) -> None:
    """Write the list of an environment, or delete it if it is empty; blocks. Raises OSError."""
    file = _file(directory, prefix)
    if files:
        _write(file, _List(prefix, tuple(files), _identity(prefix)))
    else:
        file.unlink(missing_ok=True)


def clear_earlier(directory: Path) -> int:
    """Tidy up before a job, and return how many temporary names were deleted; blocks.

    Raises CondatuiError if the notes or lists of earlier jobs cannot be read or written.
    """
    try:
        tidied, _ = tidy_up(directory)
    except OSError as error:
        where = f"{error.filename or directory}: {reason(error)}"
        title = "What earlier relinks have joined is not known."
        raise CondatuiError(title, sanitize(where), LIST_WAY_OUT) from error
    return tidied


def tidy_up(directory: Path, now: float | None = None) -> tuple[int, tuple[str, ...]]:
    """Settle what interrupted jobs have noted, list what they have joined, and forget environments that are long gone.

    Blocks. `now` is a Unix time. Returns how many temporary names were deleted, and what could not be settled, a line
    each. The notes of that stay, and so do those of environments that are away, as on a disk that is not mounted.
    Raises OSError; NewerFormatError; CondatuiError if notes are damaged.
    """
    now = time.time() if now is None else now
    gone, told = 0, list[str]()
    for file in noted_files(directory):
        exchanges = tuple(read_notes(file))
        settled, left = settle(exchanges)
        gone += settled
        told += left
        list_joined(directory, exchanges)
        if not left:
            _end_notes(file, exchanges, now)
    _forget_what_is_gone(directory, now)
    return gone, tuple(told)


def _end_notes(file: Path, exchanges: Sequence[Exchange], now: float) -> None:
    """Delete notes, or keep what they have of environments that are away: from now on for so long."""
    there = {root: os.path.isdir(root) for root in {each.root for each in exchanges}}
    away = [each for each in exchanges if not there[each.root]]
    if not away or (len(away) == len(exchanges) and now - file.stat().st_mtime > _AWAY):
        file.unlink()
    elif len(away) < len(exchanges):
        keep_notes(file, away)


def temporary_names(directory: Path) -> int:
    """How many temporary names interrupted jobs have left, as far as their notes can be read; blocks."""
    return sum(map(_left_by, noted_files(directory)))


def _left_by(file: Path) -> int:
    try:
        return sum(1 for _ in unsettled(read_notes(file)))
    except (OSError, CondatuiError):
        return 0


def list_joined(directory: Path, exchanges: Iterable[Exchange]) -> None:
    """Add to the lists of environments what was exchanged, as far as it really is joined now; blocks."""
    by_root: defaultdict[str, list[Exchange]] = defaultdict(list)
    for each in exchanges:
        by_root[each.root].append(each)
    for root, noted in by_root.items():
        if not os.path.isdir(os.path.join(root, "conda-meta")):
            continue  # package caches have their files for others
        known = {each.path: each for each in _known(directory, root)}
        for each in noted:
            file = _joined_by(each, known.get(each.path))
            if not each.own and _links(root, file) > 1:  # not if it has not happened
                known[each.path] = file
        joined = [each for _, each in sorted(known.items()) if _links(root, each) > 1]
        write_joined(directory, root, joined)


def _joined_by(exchange: Exchange, before: JoinedFile | None) -> JoinedFile:
    """A path as it is listed after an exchange: with what it had at first, unless it was edited since."""
    first, former = exchange.modified, exchange.old
    if before and before.inode == exchange.old:
        former = before.former or former
        if (before.size, before.joined_modified) == (exchange.size, exchange.old_modified):
            first = before.modified
    return JoinedFile(exchange.path, exchange.new, first, exchange.size, exchange.new_modified, former)


def _known(directory: Path, prefix: str) -> tuple[JoinedFile, ...]:
    """What the list of this environment has, and of no earlier one at its prefix."""
    listed = _listed(_file(directory, prefix))
    return listed.files if listed.identity == _identity(prefix) else ()


def _identity(prefix: str) -> str:
    """The number of the directory that every environment has, and when conda has made it: numbers are given again."""
    records = os.path.join(prefix, "conda-meta")
    try:
        number = os.stat(records).st_ino
    except OSError:
        return ""
    first = b""
    with suppress(OSError), open_regular(os.path.join(records, "history"), follow=True) as stream:
        first = stream.readline(_LONGEST_LINE)
    return f"{number} {first.decode('ascii', 'replace').strip()}"


def _links(prefix: str, file: JoinedFile) -> int:
    """How many names the file that stayed has, if the path still leads to it; otherwise 0."""
    try:
        status = os.lstat(os.path.join(prefix, file.path))
    except OSError:
        return 0
    return status.st_nlink if status.st_ino == file.inode else 0


def _forget_what_is_gone(directory: Path, now: float) -> None:
    """Delete lists of environments whose prefix has been away for long: a disk may be back the next time."""
    for file in directory.glob(f"*{_SUFFIX}"):
        _forget_if_gone(file, now)


def _forget_if_gone(file: Path, now: float) -> None:
    listed = _listed(file)
    away = bool(listed.prefix) and not os.path.isdir(listed.prefix)
    if away and listed.away_since and now - listed.away_since > _AWAY:
        file.unlink(missing_ok=True)
    elif away != bool(listed.away_since):
        _write(file, replace(listed, away_since=now if away else 0))


def _write(file: Path, listed: _List) -> None:
    write_whole(file, gzip.compress(encode_versioned(listed, _FORMAT), mtime=0), replace=True)


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

"""Files that take the place of others, each noted before it happens, so that an interruption leaves nothing unknown.

Beside a place, what is to take it gets a temporary name; then the two exchange their names, so that at every moment the
place has a file of the right content. If nobody has changed the former file meanwhile, its temporary name goes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from condatui_core.errors import CondatuiError, NewerFormatError
from condatui_core.fs.atomic_write import new_file, sync_path, sync_stream, write_whole
from condatui_core.fs.documents import decode, encode, encode_versioned, format_of
from condatui_core.fs.places import HeldPlaces, Place
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.steady_file import SteadyFile, same_contents
from condatui_core.text import sanitize

_FORMAT = 1
"""The format of notes, stated in their first line."""
_SUFFIX = ".exchanges"
_TOGETHER = 32
"""Exchanges that are settled together: as many directories, and those above them, are open."""
_WAY_OUT = (
    "If no relink is at work, delete this file. Every path has its content; hidden files that end in .condatui may be "
    "left in environments, and are the former files of the paths beside them."
)


class Exchange(Struct, frozen=True, array_like=True):
    """One file that takes the place of another one."""

    root: str
    """The environment or package cache."""
    path: str
    """The place, relative to it."""
    temporary: str
    """The name beside it that is used meanwhile; empty if nothing is done here, and others are linked to this file."""
    new: int
    """The inode number of what takes the place; 0 as long as it is not complete."""
    old: int
    """The inode number of what had it."""
    modified: int
    """The mtime that the place had at first, in nanoseconds."""
    size: int = -1
    """The bytes of the contents of both; -1 if that is not known."""
    old_modified: int = 0
    """The mtime of what had it at this moment, in nanoseconds."""
    new_modified: int = 0
    """The mtime of what takes the place, in nanoseconds."""
    own: bool = False
    """Whether the place gets a file of its own again, rather than one that others have as well."""


class _Head(Struct, frozen=True):
    job: str


_EXCHANGE = msgspec.json.Decoder(Exchange)


class ExchangeNotes:
    """The file in which a job notes its exchanges. Its methods block, and raise OSError."""

    def __init__(self, directory: Path, job_id: str) -> None:
        """Begin it; its directory is made."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = directory / f"{job_id}{_SUFFIX}"
        self._stream: BinaryIO = new_file(self.file)
        self._stream.write(encode_versioned(_Head(job_id), _FORMAT) + b"\n")
        sync_stream(self._stream)
        sync_path(directory)

    def note(self, exchanges: Iterable[Exchange]) -> None:
        """Note what happens next; returns when it is on the disk."""
        self.note_later(exchanges)
        sync_stream(self._stream)

    def note_later(self, exchanges: Iterable[Exchange]) -> None:
        """Note what has to be on the disk no sooner than the next thing that happens."""
        self._stream.writelines(encode(each) + b"\n" for each in exchanges)

    def close(self) -> None:
        """Note nothing more; may be called twice."""
        self._stream.close()


def noted_files(directory: Path) -> tuple[Path, ...]:
    """The notes of all jobs that did not come to their end, the oldest first; empty if there are none."""
    try:
        return tuple(sorted(each for each in directory.iterdir() if each.suffix == _SUFFIX))
    except OSError:
        return ()


def notes_of(directory: Path, job_id: str) -> Path:
    """Where a job notes its exchanges."""
    return directory / f"{job_id}{_SUFFIX}"


def read_notes(file: Path) -> Iterator[Exchange]:
    """Read what was noted, the last line only if it is whole.

    Raises OSError; NewerFormatError; CondatuiError if the file is damaged.
    """
    try:
        yield from _read_notes(file)
    except OSError as error:
        if error.errno != errno.EILSEQ:
            raise
        where = sanitize(f"{file}: {error.strerror}")
        raise CondatuiError("The notes of a relink that was interrupted are damaged.", where, _WAY_OUT) from error


def _read_notes(file: Path) -> Iterator[Exchange]:
    with open_regular(str(file), buffering=-1) as stream:
        head = stream.readline()
        if not head.endswith(b"\n"):
            return  # nothing was begun
        if (found := format_of(head)) > _FORMAT:
            raise NewerFormatError("A list of files that were joined", str(file), found=found, known=_FORMAT)
        for line in stream:
            if line.endswith(b"\n"):
                yield decode(line, _EXCHANGE, own=True)


def keep_notes(file: Path, exchanges: Sequence[Exchange]) -> None:
    """Let notes have these lines only, the last ones of their names; blocks. Raises OSError."""
    head = encode_versioned(_Head(file.name.removesuffix(_SUFFIX)), _FORMAT)
    write_whole(file, b"".join(line + b"\n" for line in (head, *map(encode, exchanges))), replace=True)


def settle(exchanges: Iterable[Exchange]) -> tuple[int, tuple[str, ...]]:
    """Bring what was interrupted to an end: every place has a file of its content, and no temporary name is left.

    Returns how many temporary names are gone, and what could not be settled, a line each.
    """
    told: list[str] = []
    gone = 0
    # Side by side, so that names in one directory share it: a relink may have noted a hundred thousand.
    names = sorted(_last_of_each_name(exchanges), key=_temporary_path)
    for begin in range(0, len(names), _TOGETHER):
        gone += _settle_together(names[begin : begin + _TOGETHER], told)
    return gone, tuple(told)


def _settle_together(exchanges: Sequence[Exchange], told: list[str]) -> int:
    """Settle some of them, and wait until that is on the disk; returns how many temporary names are gone."""
    with HeldPlaces() as places:
        gone = sum(_is_settled(each, places, told) for each in exchanges)
        try:
            places.sync()
        except OSError as error:
            told += [sanitize(f"{_temporary_path(each)}: {reason(error)}") for each in exchanges]
    return gone


def _is_settled(exchange: Exchange, places: HeldPlaces, told: list[str]) -> bool:
    """Settle one of them; whether its temporary name was still there, and is gone."""
    try:
        return _settle(exchange, places.place(exchange.root, exchange.path))
    except FileNotFoundError:  # it went with its directory
        return False
    except OSError as error:
        told.append(sanitize(f"{_temporary_path(exchange)}: {reason(error)}"))
        return False


def unsettled(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """Those whose temporary name is still there."""
    return (each for each in _last_of_each_name(exchanges) if os.path.lexists(_temporary_path(each)))


def _last_of_each_name(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """Only what was noted last of a temporary name says what may have it."""
    return tuple({_temporary_path(each): each for each in exchanges if each.temporary}.values())


def _temporary_path(exchange: Exchange) -> str:
    return os.path.join(exchange.root, os.path.dirname(exchange.path), exchange.temporary)


def _settle(exchange: Exchange, place: Place) -> bool:
    """Settle one of them; whether its temporary name was still there. OSError if it has to stay."""
    temporary = exchange.temporary
    beside = place.inode(temporary)
    if beside is None:
        return False
    if exchange.new and beside == exchange.old:
        _settle_former(exchange, place)
    elif beside == exchange.old or (exchange.new and beside != exchange.new):
        raise OSError(errno.ESTALE, "it is none of the files that were to be exchanged")
    place.unlink(temporary)
    return True


def _settle_former(exchange: Exchange, place: Place) -> None:
    """Give the former file its place again if somebody has changed it since. OSError if its name has to stay."""
    changed = _has_changed(place.status(exchange.temporary), exchange, exchange.old_modified)
    here = place.status()
    if here is None or here.st_ino != exchange.new:  # somebody has decided what has the place, or that nothing has
        if changed:
            raise OSError(errno.ESTALE, "it was changed, and something else has its place")
        return
    if not changed and _same_as_beside(exchange, place):
        return
    # It may be another file that has got the number of one that is gone.
    known = exchange.size >= 0 and not _has_changed(here, exchange, exchange.new_modified)
    if here.st_nlink == 1 and not known:
        raise OSError(errno.ESTALE, "it is not the same as what has its place")
    place.exchange(exchange.temporary, exchange.new)


def _has_changed(status: os.stat_result | None, exchange: Exchange, modified: int) -> bool:
    """Whether a file has another size or mtime than was noted; False if that was not noted."""
    if status is None or exchange.size < 0:
        return False
    return (status.st_size, status.st_mtime_ns) != (exchange.size, modified)


def _same_as_beside(exchange: Exchange, place: Place) -> bool:
    with SteadyFile(place) as one, SteadyFile(place.beside(exchange.temporary)) as other:
        return same_contents(one, other)

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

from condatui_core.errors import NewerFormatError
from condatui_core.fs.atomic_write import new_file, sync_path, sync_stream
from condatui_core.fs.documents import decode, encode, encode_versioned, format_of
from condatui_core.fs.places import HeldPlaces, Place
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.steady_file import SteadyFile, same_contents
from condatui_core.text import sanitize

_FORMAT = 1
"""The format of notes, stated in their first line."""
_SUFFIX = ".exchanges"


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
    """The mtime of what had it, in nanoseconds."""


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
    """Read what was noted, the last line only if it is whole. Raises OSError, NewerFormatError."""
    with open_regular(str(file), buffering=-1) as stream:
        head = stream.readline()
        if not head.endswith(b"\n"):
            return  # nothing was begun
        if (found := format_of(head)) > _FORMAT:
            raise NewerFormatError("A list of files that were joined", str(file), found=found, known=_FORMAT)
        for line in stream:
            if line.endswith(b"\n"):
                yield decode(line, _EXCHANGE, own=True)


def settle(exchanges: Sequence[Exchange]) -> tuple[int, tuple[str, ...]]:
    """Bring what was interrupted to an end: every place has a file of its content, and no temporary name is left.

    Returns how many temporary names are gone, and what could not be settled, a line each.
    """
    gone, told = 0, []
    for exchange in exchanges:
        if not exchange.temporary:
            continue
        try:
            with HeldPlaces() as places:
                gone += _settle(exchange, places.place(exchange.root, exchange.path))
                places.sync()
        except FileNotFoundError:  # it went with its directory
            continue
        except OSError as error:
            where = os.path.join(exchange.root, os.path.dirname(exchange.path), exchange.temporary)
            told.append(sanitize(f"{where}: {reason(error)}"))
    return gone, tuple(told)


def unsettled(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """Those whose temporary name is still there."""
    for each in exchanges:
        name = os.path.join(each.root, os.path.dirname(each.path), each.temporary)
        if each.temporary and os.path.lexists(name):
            yield each


def _settle(exchange: Exchange, place: Place) -> bool:
    """Settle one of them; whether its temporary name was still there. OSError if it has to stay."""
    temporary = exchange.temporary
    here, beside = place.inode(), place.inode(temporary)
    if beside is None:
        return False
    if exchange.new and here == exchange.new and not _is_what_it_was(exchange, place):
        if not place.is_linked:  # it may be another file that has got the number of one that is gone
            raise OSError(errno.ESTALE, "it is not the same as what has its place")
        place.exchange(temporary, exchange.new)
        beside = place.inode(temporary)
    if exchange.new and beside not in (exchange.new, exchange.old):
        raise OSError(errno.ESTALE, "it is none of the files that were to be exchanged")
    place.unlink(temporary)
    return True


def _is_what_it_was(exchange: Exchange, place: Place) -> bool:
    """Whether what has lost its place is the former file, and nobody has changed it since it was compared."""
    beside = place.beside(exchange.temporary)
    if beside.inode() != exchange.old:
        return False
    with SteadyFile(place) as one, SteadyFile(beside) as other:
        return same_contents(one, other)

"""Puts copies in the place of joined files, some at a time: noted, written, exchanged, and looked at again."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from condatui_core.actions.exchanges import Exchange, ExchangeNotes
from condatui_core.actions.joined_files import JoinedFile, one_file_before, tidy_up
from condatui_core.actions.protocol import Work
from condatui_core.actions.replacement import Replacement
from condatui_core.fs.atomic_write import sync_path, temporary_name
from condatui_core.fs.attributes import attributes_of, try_attributes
from condatui_core.fs.held_tree import write_with_holes
from condatui_core.fs.places import HeldPlaces, Place
from condatui_core.fs.safe_read import reason
from condatui_core.fs.steady_file import SteadyFile
from condatui_core.fs.sync import sync_file_system
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.bytecode import holds_with
from condatui_core.text import sanitize

_MOST = 32
"""Files of a batch: those who want to write to one of them wait for so long."""
_CHUNK = 1 << 20
_OF_ONE = frozenset(
    (
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ESTALE,
        errno.EAGAIN,
        errno.ETXTBSY,
        errno.EMLINK,
        errno.ENAMETOOLONG,
    )
)
"""What stands against one file, rather than all that come after it."""


@dataclass(slots=True)
class Separated:
    """What has become of the files."""

    files: int = 0
    used: int = 0
    """Bytes."""
    left: list[str] = field(default_factory=list)
    """Files that stay joined, and why, a line each."""
    behind: tuple[str, ...] = ()
    """Temporary names that could not be deleted, and why, a line each."""
    failed: OSError | None = None
    """What has ended it: the disk is full, or fails."""


def separate_all(prefix: str, files: Sequence[JoinedFile], directory: Path, work: Work) -> Separated:
    """Put a copy in the place of each of these files; a disk that fails or is full ends it. Blocks.

    `directory` has the notes of what is exchanged, and the lists of what is joined.
    """
    done = Separated()
    try:
        notes = ExchangeNotes(directory, work.job_id)
        try:
            groups, tried = one_file_before(files), 0
            for begin in range(0, len(groups), _MOST):
                if work.cancelled:
                    break
                work.progress(tried, len(files), "files")
                batch = groups[begin : begin + _MOST]
                _Batch(prefix, notes, done).run(batch)
                tried += sum(map(len, batch))
            sync_file_system(prefix)  # before it is forgotten which temporary names there were
        finally:
            notes.close()
    except OSError as error:
        done.failed = error
    try:
        _, done.behind = tidy_up(directory)
    except OSError as error:
        done.failed = done.failed or error
    return done


@dataclass(frozen=True, slots=True)
class _Joined:
    """Paths of one environment that were one file, and that file as it is joined with others now."""

    files: tuple[JoinedFile, ...]
    places: tuple[Place, ...]
    opened: SteadyFile
    modified: int
    """The mtime of the copy, in nanoseconds."""
    temporary: tuple[str, ...]
    """By place, the name of the copy beside it."""

    def exchanges(self, prefix: str, *, new: int) -> Iterator[Exchange]:
        """What is noted of it; `new` is the inode number of the copy, 0 as long as it is not complete."""
        status = self.opened.status
        for file, temporary in zip(self.files, self.temporary, strict=True):
            yield Exchange(
                root=prefix,
                path=file.path,
                temporary=temporary,
                new=new,
                old=status.st_ino,
                modified=self.modified,
                size=status.st_size,
                old_modified=status.st_mtime_ns,
                new_modified=self.modified,
                own=True,
            )


@dataclass(frozen=True, slots=True)
class _Copied:
    """A joined file, and its copy beside it."""

    joined: _Joined
    replacement: Replacement
    fresh: SteadyFile
    """The copy: whoever comes to write to it waits, too, and must not find it gone."""

    def put_back(self) -> None:
        """Let all paths have the joined file, unless somebody is about to write to the copy. Raises OSError."""
        if self.fresh.unchanged:
            self.replacement.put_back()
        else:
            self.replacement.finish()


class _Batch:
    """Some files that are copied together."""

    def __init__(self, prefix: str, notes: ExchangeNotes, done: Separated) -> None:
        self._prefix = prefix
        self._notes = notes
        self._done = done

    def run(self, groups: Sequence[tuple[JoinedFile, ...]]) -> None:
        """Copy them. Raises OSError if the disk is full or fails: then they are what they were, or are noted."""
        with ExitStack() as stack:
            places = stack.enter_context(HeldPlaces())
            opened = [each for files in groups if (each := self._opened(files, places, stack))]
            self._notes.note(exchange for each in opened for exchange in each.exchanges(self._prefix, new=0))
            copies: list[_Copied] = []
            try:
                for each in opened:
                    self._copy(each, copies, stack)
                self._sync(copies)
                self._notes.note(
                    exchange
                    for each in copies
                    for exchange in each.joined.exchanges(self._prefix, new=each.replacement.new)
                )
                taken = [each for each in copies if self._taken(each)]
            except OSError:
                for copy in copies:
                    _put_back(copy)
                raise
            for copy in taken:
                self._conclude(copy)

    def _opened(self, files: tuple[JoinedFile, ...], places: HeldPlaces, stack: ExitStack) -> _Joined | None:
        try:
            found = tuple(places.place(self._prefix, each.path) for each in files)
            opened = stack.enter_context(SteadyFile(found[0]))
        except OSError as error:
            self._leave(files, reason(error))
            return None
        if any(each.inode() != files[0].inode for each in found) or opened.status.st_ino != files[0].inode:
            self._leave(files, "it is another file now")
            return None
        modified = _modified(self._prefix, files, opened.status)
        return _Joined(files, found, opened, modified, tuple(temporary_name() for _ in files))

    def _copy(self, joined: _Joined, copies: list[_Copied], stack: ExitStack) -> None:
        """Add a copy beside a file, with further names beside its other paths, unless these are protected."""
        (first, name), *others = zip(joined.places, joined.temporary, strict=True)
        try:
            new = _write_copy(joined, first, name)
            replacement = Replacement(new, joined.files[0].inode, ((first, name), *others))
            try:
                for place, temporary in others:
                    place.link(temporary, first.beside(name))
                copied = _Copied(joined, replacement, stack.enter_context(SteadyFile(first.beside(name))))
            except OSError:
                with suppress(OSError):
                    replacement.put_back()
                raise
        except OSError as error:
            self._leave_unless_of_all(joined.files, error)
        else:
            copies.append(copied)

    def _sync(self, copies: Sequence[_Copied]) -> None:
        """Wait until the copies are on the disk: a power cut must leave no path without its content."""
        if copies and not sync_file_system(self._prefix):
            for each in copies:
                for place, temporary in each.replacement.places:
                    sync_path(place.beside(temporary).path)

    def _taken(self, copy: _Copied) -> bool:
        """Let a copy take the places of its file, unless something has come between."""
        try:
            for place, temporary in copy.replacement.places:
                copy.replacement.take(place, temporary)
        except OSError as error:
            _put_back(copy)
            self._leave_unless_of_all(copy.joined.files, error)
            return False
        return True

    def _conclude(self, copy: _Copied) -> None:
        if not copy.joined.opened.unchanged and copy.fresh.unchanged:
            copy.put_back()
            self._leave(copy.joined.files, "somebody writes to it")
            return
        copy.replacement.finish()
        self._done.files += len(copy.joined.files)
        self._done.used += allocated(os.fstat(copy.fresh.descriptor))  # less than the joined file has, where zeros are

    def _leave_unless_of_all(self, files: Sequence[JoinedFile], error: OSError) -> None:
        """Leave files alone that their directory or file system protects. Raises the error if it concerns all."""
        if error.errno not in _OF_ONE:
            raise error
        self._leave(files, reason(error))

    def _leave(self, files: Sequence[JoinedFile], why: str) -> None:
        self._done.left += [sanitize(f"{each.path}: {why}") for each in files]


def _modified(prefix: str, files: Sequence[JoinedFile], status: os.stat_result) -> int:
    """The mtime of the copy: the former one, unless byte code would take it for that of other contents, or not hold.

    Who has edited the joined file has made byte code of the former contents stale, and it has to remain so.
    """
    former = files[0].modified
    if not files[0].is_as_joined(status):
        return status.st_mtime_ns
    present, size = status.st_mtime_ns, status.st_size
    paths = [os.path.join(prefix, each.path) for each in files]
    for path in paths:
        if holds_with(path, present, size=size) and not holds_with(path, former, size=size):
            return present
    return former


def _write_copy(joined: _Joined, place: Place, temporary: str) -> int:
    """Write a copy beside a file, and return its inode number. Raises OSError: then it is gone."""
    source, status = joined.opened.descriptor, joined.opened.status
    with place.create(temporary) as stream:
        try:
            for chunk in _chunks(source):
                write_with_holes(stream, chunk)
            stream.flush()
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            try_attributes(stream.fileno(), attributes_of(source))
            os.fchmod(stream.fileno(), status.st_mode & 0o7777)
            os.utime(stream.fileno(), ns=(status.st_atime_ns, joined.modified))
        except OSError:
            place.unlink(temporary)
            raise
        return os.fstat(stream.fileno()).st_ino


def _put_back(copy: _Copied) -> None:
    """Let all paths have the joined file; a name that cannot be deleted is noted, and told when notes are settled."""
    with suppress(OSError):
        copy.put_back()


def _chunks(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while chunk := os.pread(descriptor, _CHUNK, offset):
        yield chunk
        offset += len(chunk)

"""Puts copies in the place of joined files, some at a time: noted, written, exchanged, and looked at again."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from condatui_core.actions.exchanges import Exchange, ExchangeNotes
from condatui_core.actions.joined_files import JoinedFile, tidy_up
from condatui_core.actions.protocol import Work
from condatui_core.actions.replacement import Replacement
from condatui_core.fs.atomic_write import sync_path, temporary_name
from condatui_core.fs.attributes import attributes_of, try_attributes
from condatui_core.fs.held_tree import write_with_holes
from condatui_core.fs.places import HeldPlaces
from condatui_core.fs.safe_read import reason
from condatui_core.fs.steady_file import SteadyFile
from condatui_core.fs.sync import sync_file_system
from condatui_core.fs.tree import allocated
from condatui_core.text import sanitize

_MOST = 32
"""Files of a batch: those who want to write to one of them wait for so long."""
_CHUNK = 1 << 20


@dataclass(slots=True)
class Separated:
    """What has become of the files."""

    files: int = 0
    used: int = 0
    """Bytes."""
    left: list[str] = field(default_factory=list)
    """Files that stay joined, and why, a line each."""
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
            for begin in range(0, len(files), _MOST):
                if work.cancelled:
                    break
                work.progress(begin, len(files), "files")
                _Batch(prefix, notes, done).run(files[begin : begin + _MOST])
            sync_file_system(prefix)  # before it is forgotten which temporary names there were
        finally:
            notes.close()
    except OSError as error:
        done.failed = error
    try:
        _, left = tidy_up(directory)
        done.left += left
    except OSError as error:
        done.failed = done.failed or error
    return done


@dataclass(frozen=True, slots=True)
class _Copied:
    """A joined file, and its copy beside it."""

    file: JoinedFile
    joined: SteadyFile
    temporary: str
    replacement: Replacement


class _Batch:
    """Some files that are copied together."""

    def __init__(self, prefix: str, notes: ExchangeNotes, done: Separated) -> None:
        self._prefix = prefix
        self._notes = notes
        self._done = done

    def run(self, files: Sequence[JoinedFile]) -> None:
        """Copy them. Raises OSError if the disk is full or fails: then they are what they were, or are noted."""
        with ExitStack() as stack:
            places = stack.enter_context(HeldPlaces())
            opened = [(file, each) for file in files if (each := self._opened(file, places, stack))]
            named = [(file, joined, temporary_name()) for file, joined in opened]
            self._notes.note(self._exchange(file, name, new=0) for file, _, name in named)
            copies: list[_Copied] = []
            try:
                for file, joined, temporary in named:
                    copies.append(self._copy(file, joined, temporary))
                self._sync(copies)
                self._notes.note(self._exchange(each.file, each.temporary, new=each.replacement.new) for each in copies)
                taken = [each for each in copies if self._taken(each)]
            except OSError:
                for copy in copies:
                    copy.replacement.put_back()
                raise
            for copy in taken:
                self._conclude(copy)

    def _opened(self, file: JoinedFile, places: HeldPlaces, stack: ExitStack) -> SteadyFile | None:
        try:
            joined = stack.enter_context(SteadyFile(places.place(self._prefix, file.path)))
        except OSError as error:
            self._leave(file, reason(error))
            return None
        if joined.status.st_ino != file.inode:
            self._leave(file, "it is another file now")
            return None
        return joined

    def _copy(self, file: JoinedFile, joined: SteadyFile, temporary: str) -> _Copied:
        """Write a copy beside a file, and wait until it is on the disk."""
        place, status = joined.place, joined.status
        with place.create(temporary) as stream:
            try:
                for chunk in _chunks(joined.descriptor):
                    write_with_holes(stream, chunk)
                stream.flush()
                os.fchown(stream.fileno(), status.st_uid, status.st_gid)
                try_attributes(stream.fileno(), attributes_of(joined.descriptor))
                os.fchmod(stream.fileno(), status.st_mode & 0o7777)
                os.utime(stream.fileno(), ns=(status.st_atime_ns, file.modified))
            except OSError:
                place.unlink(temporary)
                raise
            new = os.fstat(stream.fileno()).st_ino
        return _Copied(file, joined, temporary, Replacement(new, file.inode, ((place, temporary),)))

    def _sync(self, copies: Sequence[_Copied]) -> None:
        """Wait until the copies are on the disk: a power cut must leave no path without its content."""
        if copies and not sync_file_system(self._prefix):
            for each in copies:
                sync_path(each.joined.place.beside(each.temporary).path)

    def _taken(self, copy: _Copied) -> bool:
        """Let a copy take the place of its file, unless something has come between."""
        try:
            copy.replacement.take(copy.joined.place, copy.temporary)
        except OSError as error:
            if error.errno not in (errno.ESTALE, errno.ENOENT):
                raise
            copy.replacement.put_back()
            self._leave(copy.file, reason(error))
            return False
        return True

    def _conclude(self, copy: _Copied) -> None:
        if not copy.joined.unchanged:
            copy.replacement.put_back()
            self._leave(copy.file, "somebody writes to it")
            return
        copy.replacement.finish()
        self._done.files += 1
        self._done.used += allocated(copy.joined.status)

    def _leave(self, file: JoinedFile, why: str) -> None:
        self._done.left.append(sanitize(f"{file.path}: {why}"))

    def _exchange(self, file: JoinedFile, temporary: str, *, new: int) -> Exchange:
        return Exchange(self._prefix, file.path, temporary, new, file.inode, file.modified)


def _chunks(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while chunk := os.pread(descriptor, _CHUNK, offset):
        yield chunk
        offset += len(chunk)

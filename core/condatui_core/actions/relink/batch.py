"""Joins files by hard links, some at a time: compared, noted, exchanged, and looked at again before the old ones go."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from condatui_core.actions.exchanges import Exchange, ExchangeNotes
from condatui_core.actions.relink.tally import LeftAloneError, Tally, first_place, place_of, why_left
from condatui_core.actions.replacement import Replacement
from condatui_core.fs.atomic_write import temporary_name
from condatui_core.fs.places import HeldPlaces
from condatui_core.fs.steady_file import SteadyFile, same_contents
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.bytecode import holds_otherwise
from condatui_core.records.relinking import SameFiles, SkipReason, StoredFile, StoredInode

_MOST = 32
"""Pairs of a batch: as many pairs of descriptors are open, and writers to their files wait for so long."""
_MOST_BYTES = 256 << 20
"""The same in compared bytes."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A file that was found to be the same as the one that stays."""

    kept: SteadyFile
    other: SteadyFile
    files: tuple[StoredFile, ...]
    replacement: Replacement

    @property
    def steady(self) -> bool:
        """Whether nobody has changed one of the two files since they were compared."""
        return self.kept.unchanged and self.other.unchanged

    def exchanges(self) -> Iterator[Exchange]:
        """What is noted of it."""
        new, old = self.kept.status, self.other.status
        for file, (_, temporary) in zip(self.files, self.replacement.places, strict=True):
            path = os.path.relpath(file.path, file.holder)
            yield Exchange(
                root=file.holder,
                path=path,
                temporary=temporary,
                new=new.st_ino,
                old=old.st_ino,
                modified=old.st_mtime_ns,
                size=old.st_size,
                old_modified=old.st_mtime_ns,
                new_modified=new.st_mtime_ns,
            )


_REST = 0.5
"""Seconds for which nothing of a file, not even a name, must have changed before another one takes its place. Who moves
files about and back cannot be kept from it, and would then move the wrong one."""
_SECOND = 1_000_000_000


class HardLinks:
    """Makes files hard links to others of the same content. Its methods block."""

    def __init__(self, notes: ExchangeNotes, tally: Tally, stopped: Callable[[], bool]) -> None:
        self._notes = notes
        self._tally = tally
        self._stopped = stopped
        self._stack = ExitStack()
        self._places = self._stack.enter_context(HeldPlaces())
        self._pairs: list[_Pair] = []
        self._bytes = 0

        self._fresh: list[tuple[SameFiles, StoredInode]] = []
        """What has changed a moment ago: whoever did it may not be done."""

    def __enter__(self) -> HardLinks:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def join(self, same: SameFiles, inode: StoredInode) -> None:
        """Compare a file with the one that stays; they are joined with others, at the latest by `finish`.

        What cannot be joined is tallied. Raises OSError if the disk is full or fails.
        """
        self._join(same, inode, fresh=self._fresh)

    def finish(self) -> None:
        """Join what was compared, and what had to come to rest. Raises OSError if the disk is full or fails."""
        self._flush()
        fresh, self._fresh = self._fresh, []
        if fresh and not self._stopped():
            time.sleep(_REST)
            for same, inode in fresh:
                if not self._stopped():
                    self._join(same, inode, fresh=None)
            self._flush()

    def _join(self, same: SameFiles, inode: StoredInode, *, fresh: list[tuple[SameFiles, StoredInode]] | None) -> None:
        """Compare a file with the one that stays; what is not at rest is put off, or left alone the second time."""
        with ExitStack() as stack:
            try:
                pair = self._compared(same, inode, stack)
            except LeftAloneError as why:
                self._tally.leave(inode, why.reason)
                return
            except OSError as error:
                self._tally.leave(inode, why_left(error))
                return
            if not _is_at_rest(pair.other):
                if fresh is None:
                    self._leave(pair, "in-use")
                else:
                    fresh.append((same, inode))
                return
            self._stack.push(stack.pop_all())
        self._pairs.append(pair)
        self._bytes += same.size
        if len(self._pairs) >= _MOST or self._bytes >= _MOST_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Join what was compared. Raises OSError if the disk is full or fails: then nothing of it is half joined."""
        pairs, self._pairs, self._bytes = self._pairs, [], 0
        try:
            self._join_pairs(pairs)
        finally:
            self._stack.close()
            self._stack = ExitStack()
            self._places = self._stack.enter_context(HeldPlaces())

    def _join_pairs(self, pairs: list[_Pair]) -> None:
        pairs = [each for each in pairs if self._steady(each)]
        if not pairs:
            return
        for kept in {each.kept.status.st_ino: each.kept for each in pairs}.values():
            kept.sync_contents()  # a power cut must not leave all paths with what was written last and is lost
        self._notes.note(exchange for each in pairs for exchange in each.exchanges())
        try:
            linked = [each for each in pairs if self._linked(each)]
        except OSError:
            for each in pairs:
                each.replacement.put_back()
            raise
        for each in linked:
            self._conclude(each)

    def _compared(self, same: SameFiles, inode: StoredInode, stack: ExitStack) -> _Pair:
        kept = stack.enter_context(SteadyFile(first_place(same.kept, self._places)))
        places = tuple(place_of(each, self._places) for each in inode.paths)
        other = stack.enter_context(SteadyFile(places[0]))
        _check(kept, other, same, inode)
        if any(each.inode() != inode.number for each in places):
            raise LeftAloneError("changed")
        if not same_contents(kept, other, self._stopped):
            raise LeftAloneError("changed" if kept.unwritten and other.unwritten else "in-use")
        named = tuple((place, temporary_name()) for place in places)
        return _Pair(kept, other, inode.paths, Replacement(kept.status.st_ino, inode.number, named))

    def _steady(self, pair: _Pair) -> bool:
        if pair.steady:
            return True
        self._leave(pair, "in-use")
        return False

    def _leave(self, pair: _Pair, why: SkipReason) -> None:
        self._tally.leave_paths(len(pair.files), allocated(pair.other.status), why)

    def _linked(self, pair: _Pair) -> bool:
        """Let all places of a file have the one that stays; whether that was so, otherwise all have their own."""
        try:
            for place, temporary in pair.replacement.places:
                place.link(temporary, pair.kept.place)
                if not pair.other.untouched:  # somebody else is about to change what has this name
                    raise OSError(errno.ESTALE, "it has changed meanwhile", place.path)
                pair.replacement.take(place, temporary)
                pair.other.touch()
        except OSError as error:
            pair.replacement.put_back()
            self._leave(pair, why_left(error))
            return False
        return True

    def _conclude(self, pair: _Pair) -> None:
        """Delete the names of a file that was joined, unless somebody has begun to change one of the two."""
        if not pair.steady:
            pair.replacement.put_back()
            self._leave(pair, "in-use")
            return
        pair.replacement.finish()
        self._tally.join(len(pair.files), 0 if pair.other.links else allocated(pair.other.status))


def _is_at_rest(file: SteadyFile) -> bool:
    return not 0 <= time.time_ns() - file.status.st_ctime_ns < _REST * _SECOND


def _check(kept: SteadyFile, other: SteadyFile, same: SameFiles, inode: StoredInode) -> None:
    """Whether the two are what they were found to be, but for their contents. Raises LeftAloneError."""
    one, two = kept.status, other.status
    if (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino):
        raise LeftAloneError("changed")
    if (one.st_ino, one.st_dev, one.st_size, one.st_mtime_ns) != _seen(same, same.kept):
        raise LeftAloneError("changed")
    if (two.st_ino, two.st_dev, two.st_size, two.st_mtime_ns) != _seen(same, inode):
        raise LeftAloneError("changed")
    if two.st_nlink != len(inode.paths):
        raise LeftAloneError("linked-elsewhere")
    if (one.st_uid, one.st_gid) != (two.st_uid, two.st_gid):
        raise LeftAloneError("other-owner")
    if one.st_mode != two.st_mode:
        raise LeftAloneError("other-mode")
    if kept.marks != other.marks:
        raise LeftAloneError("other-attributes")
    times = two.st_mtime_ns, one.st_mtime_ns
    if any(holds_otherwise(each.path, times, size=two.st_size) for each in inode.paths):
        raise LeftAloneError("byte-code")


def _seen(same: SameFiles, inode: StoredInode) -> tuple[int, int, int, int]:
    return inode.number, same.device, same.size, inode.modified

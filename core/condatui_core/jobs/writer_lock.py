"""The lock that lets one condatui process of a user write at a time."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.documents import decode, encode_versioned, format_of
from condatui_core.fs.locks import FileLock
from condatui_core.fs.safe_read import read_bounded
from condatui_core.proc.owner import Owner

_FORMAT = 1
"""The format of the file beside the lock. The lock itself is the kernel's and has no format."""
_LARGEST = 1 << 16


class Writing(Struct, frozen=True):
    """The process that holds the lock, and the title of its job."""

    owner: Owner
    title: str

    def __str__(self) -> str:
        return f"{self.owner} is at work: {self.title}"


_DECODER = msgspec.json.Decoder(Writing)


class WriterLock:
    """The lock that a job holds while it writes. Its methods use the disk: call them in a thread."""

    def __init__(self, state: Path, owner: Owner) -> None:
        self._file = state / "writer"
        self._lock = FileLock(state / "writer.lock")
        self._owner = owner

    @property
    def supported(self) -> bool:
        """Whether the lock really keeps others away: some network file systems have no locks."""
        return self._lock.supported

    def try_take(self, title: str) -> bool:
        """Take the lock if it is free, and note what for. Raises OSError if the state directory cannot be used."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._lock.try_take():
            return False
        # Beside the lock itself: processes that wait read it while the lock is held.
        put_in_cache(self._file, encode_versioned(Writing(self._owner, title), _FORMAT))
        return True

    def holder(self) -> str:
        """A sentence about the process that holds the lock."""
        try:
            data = read_bounded(str(self._file), _LARGEST)
            return "a newer condatui is at work" if format_of(data) > _FORMAT else str(decode(data, _DECODER, own=True))
        except OSError:
            return "another condatui is at work"

    def release(self) -> None:
        """Release the lock; may be called twice."""
        self._lock.release()

"""Reads the archives that conda-pack writes, as a stream: what is in them is checked, and nothing is believed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from condatui_core.actions.archive_members import UNREADABLE, Member, members_of
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.text import sanitize

_CHUNK = 1 << 20


class ArchiveReader:
    """An archive that is read once, from its beginning to its end."""

    def __init__(self, path: str, stream: IO[bytes], form: str) -> None:
        self._path = path
        self._hashing = _Hashing(stream)
        self.form = form
        """The name of the format in conda-pack: `tar.gz`, `zip` …"""

    def members(self) -> Iterator[tuple[Member, IO[bytes] | None]]:
        """Each member, a file with a stream of its content that is read before the next member is asked for.

        Raises CondatuiError where the archive is damaged.
        """
        try:
            yield from members_of(self._hashing, self.form)
        except CondatuiError:
            raise
        except UNREADABLE as error:
            raise _damaged(self._path, error) from error

    def content(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The content of a member, piece by piece. Raises CondatuiError where the archive is damaged."""
        try:
            while chunk := stream.read(_CHUNK):
                yield chunk
        except UNREADABLE as error:
            raise _damaged(self._path, error) from error

    def sha256(self) -> str:
        """The SHA-256 of the archive, whose rest is read for it. Raises CondatuiError if that cannot be read."""
        try:
            return self._hashing.digest_of_all()
        except OSError as error:
            raise _damaged(self._path, error) from error


@contextmanager
def open_archive(path: str) -> Iterator[ArchiveReader]:
    """Open an archive. UsageError if it is none that can be read, CondatuiError if the file cannot be opened."""
    if os.path.isdir(path):
        raise UsageError(f"{sanitize(path)} is a directory, not an archive.", hint="Packed as a directory? Copy it.")
    try:
        stream = open_regular(path, follow=True)
    except OSError as error:
        raise UsageError(f"{sanitize(path)} cannot be read.", reason(error)) from error
    with stream:
        try:
            form = _form_of(stream)
        except OSError as error:
            raise _damaged(path, error) from error
        if not form:
            raise UsageError(f"{sanitize(path)} is no archive that can be unpacked here.", hint=_READABLE)
        if form == "squashfs":
            hint = "Mount it, or let unsquashfs unpack it; conda-unpack in its bin does the rest."
            raise UsageError(f"{sanitize(path)} is a squashfs.", hint=hint)
        yield ArchiveReader(path, stream, form)


_READABLE = "These are: tar, tar.gz, tar.bz2, tar.xz, tar.zst and zip."
_MAGIC = (
    (0, b"\x1f\x8b", "tar.gz"),
    (0, b"BZh", "tar.bz2"),
    (0, b"\xfd7zXZ\x00", "tar.xz"),
    (0, b"\x28\xb5\x2f\xfd", "tar.zst"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"hsqs", "squashfs"),
    (257, b"ustar", "tar"),
)
"""What files of a format have at a place; a name may promise anything."""


def _form_of(stream: IO[bytes]) -> str:
    head = stream.read(512)
    stream.seek(0)
    return next((form for place, magic, form in _MAGIC if head[place : place + len(magic)] == magic), "")


class _Hashing:
    """A file that is read from its beginning to its end, and hashed meanwhile; one that is sought in is hashed last."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._sought = False
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._digest.update(data)
        return data

    def to_seek_in(self) -> IO[bytes]:
        """The file itself, for a format that is not read from its beginning to its end."""
        self._sought = True
        return self._stream

    def digest_of_all(self) -> str:
        """The digest of the whole file."""
        if self._sought:
            self._stream.seek(0)
            self._digest = hashlib.sha256()
        while self.read(_CHUNK):
            pass
        return self._digest.hexdigest()


def _damaged(path: str, error: Exception) -> CondatuiError:
    words = reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__
    hint = "Fetch it again, and compare its checksum."
    return CondatuiError(f"{sanitize(path)} is damaged, or is no packed environment.", sanitize(words), hint)

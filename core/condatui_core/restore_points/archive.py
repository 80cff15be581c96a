"""The archive of a restore point: it holds the content of files; the manifest holds everything else about them."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from condatui_core.fs.atomic_write import new_file, sync_stream
from condatui_core.fs.safe_read import open_regular
from condatui_core.fs.tree import TreeEntry

ARCHIVE = "files.tar.gz"
_LEVEL = 1
"""The compression level: at this one gzip is about as fast as a disk."""
_CHUNK = 1 << 20
DAMAGES = (OSError, EOFError, tarfile.TarError, zlib.error)
"""The errors that reading a damaged archive may raise."""


class _Digesting:
    """A stream that digests what is read from it."""

    def __init__(self, stream: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        self._stream = stream
        self._on_bytes = on_bytes
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.digest.update(chunk)
        self._on_bytes(len(chunk))
        return chunk


def write_archive(
    file: Path, root: str, entries: Sequence[TreeEntry], on_bytes: Callable[[int], None]
) -> dict[str, str]:
    """Write the content of files below a directory into a new archive, and sync it; returns their SHA-256 by path.

    `on_bytes` is called with the number of bytes read, and may raise to stop. Raises OSError.
    """
    digests: dict[str, str] = {}
    with new_file(file) as raw:
        # The gzip stream is closed before the file is synced: closing it writes the data that it still buffers.
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive,
        ):
            for entry in entries:
                digests[entry.path] = _add(archive, root, entry.path, on_bytes)
        sync_stream(raw)
    return digests


@contextmanager
def contents_of(file: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Read an archive in order: pairs of path and content; each content has to be read before the next pair is taken.

    Reading raises one of DAMAGES if the archive is damaged.
    """
    with tarfile.open(file, mode="r|gz", errors="surrogateescape") as archive:
        yield ((member.name, content) for member in archive if (content := archive.extractfile(member)))


def check_archive(file: Path, digests: Mapping[str, str]) -> None:
    """Read a whole archive. Raises one of DAMAGES if it does not hold exactly these contents."""
    left = dict(digests)
    with contents_of(file) as contents:
        for path, content in contents:
            digest = hashlib.sha256()
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
            if left.pop(path, "") != digest.hexdigest():
                raise tarfile.ReadError(f"{path} is not what it was")
    if left:
        raise tarfile.ReadError(f"{next(iter(left))} is missing")


def _add(archive: tarfile.TarFile, root: str, path: str, on_bytes: Callable[[int], None]) -> str:
    absolute = os.path.join(root, path)
    with open_regular(absolute) as stream:
        status = os.fstat(stream.fileno())
        info = tarfile.TarInfo(path)
        info.size = status.st_size
        info.mode = status.st_mode & 0o777
        info.mtime = status.st_mtime
        content = _Digesting(stream, on_bytes)
        archive.addfile(info, content)
    return content.digest.hexdigest()

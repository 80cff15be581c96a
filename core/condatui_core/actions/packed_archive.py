"""Reads the archives that conda-pack writes, as a stream: what is in them is checked, and nothing is believed."""

from __future__ import annotations

import ast
import bz2
import gzip
import hashlib
import lzma
import os
import re
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Literal, cast

from condatui_core.actions.tar_stream import tar_members
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.safe_read import open_regular, read_bounded, reason
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.text import sanitize

MemberKind = Literal["file", "directory", "symlink", "hardlink", "special"]

_CHUNK = 1 << 20
_LONGEST = 4096
"""Bytes of a path; no system knows a longer one."""
_DEEPEST = 256
"""Directories in it, one in another; no environment has a tenth of that."""
_LONGEST_NAME = 255
"""Bytes of one name in it, likewise."""
_UNREADABLE = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # a zip archive that needs a password
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of the formats raise for a damaged archive."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file, link or directory of an archive."""

    path: str
    """Relative to the environment, without `./` and a slash at its end; not checked yet."""
    kind: MemberKind
    size: int = 0
    mode: int = 0o644
    mtime_ns: int = 0
    target: str = ""
    """Where a link leads; of a hard link the path of another member."""

    @property
    def executable(self) -> bool:
        """Whether its owner may run it."""
        return bool(self.mode & stat.S_IXUSR)


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
            yield from _zip_members(self._hashing) if self.form == "zip" else _tar_members(self._hashing, self.form)
        except CondatuiError:
            raise
        except _UNREADABLE as error:
            raise _damaged(self._path, error) from error

    def content(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The content of a member, piece by piece. Raises CondatuiError where the archive is damaged."""
        try:
            while chunk := stream.read(_CHUNK):
                yield chunk
        except _UNREADABLE as error:
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


def member_fault(member: Member, links: frozenset[str] | set[str]) -> str:
    """Say why a member must not be unpacked; empty if it may be. `links` are the symlinks that came before it."""
    parts = member.path.split("/")
    if fault := _path_fault(member.path, parts):
        return fault
    if any("/".join(parts[:count]) in links for count in range(1, len(parts))):
        return "it lies behind a link"
    if member.kind == "special":
        return "it is a device, a pipe or something else that is no file"
    if member.kind == "symlink" and _leads_out(member.path, member.target):
        return f"it is a link to {member.target}, outside of the environment"
    return ""


def _path_fault(path: str, parts: Sequence[str]) -> str:
    if path.startswith("/") or ".." in parts or "" in parts or "\0" in path:
        return "its path leads out of the environment"
    if "." in parts:
        return "its path is not spelled as others are"  # what two spellings name is compared by neither
    if (
        len(parts) > _DEEPEST
        or len(os.fsencode(path)) > _LONGEST
        or any(len(os.fsencode(each)) > _LONGEST_NAME for each in parts)
    ):
        return "its path is too long"
    return "it marks an environment that is not whole" if path == HALF_MADE else ""


def _leads_out(path: str, target: str) -> bool:
    if not target or target.startswith("/") or "\0" in target:
        return True
    there = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return there == ".." or there.startswith("../")


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
        self.stream = stream
        self.sought = False
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self.stream.read(size)
        self._digest.update(data)
        return data

    def digest_of_all(self) -> str:
        """The digest of the whole file."""
        if self.sought:
            self.stream.seek(0)
            self._digest = hashlib.sha256()
        while self.read(_CHUNK):
            pass
        return self._digest.hexdigest()


def _damaged(path: str, error: Exception) -> CondatuiError:
    words = reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__
    hint = "Fetch it again, and compare its checksum."
    return CondatuiError(f"{sanitize(path)} is damaged, or is no packed environment.", sanitize(words), hint)


# tar


def _tar_members(hashing: _Hashing, form: str) -> Iterator[tuple[Member, IO[bytes] | None]]:
    for each, content in tar_members(_decompressed(hashing, form)):
        member = _tar_member(each)
        if member.path:
            yield member, content


def _decompressed(hashing: _Hashing, form: str) -> IO[bytes]:
    source = cast(Any, hashing)  # the readers below use nothing but `read`
    if form == "tar.gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=source, mode="rb"))
    if form == "tar.bz2":
        return cast(IO[bytes], bz2.BZ2File(source))
    if form == "tar.xz":
        return cast(IO[bytes], lzma.LZMAFile(source))
    if form == "tar.zst":
        return cast(IO[bytes], _Zstd(source))
    return cast(IO[bytes], source)


class _Zstd:
    """The content of a file that zstd has compressed, in as many frames as there were threads."""

    def __init__(self, source: IO[bytes]) -> None:
        import zstandard  # noqa: PLC0415 - for this format only

        self._error = zstandard.ZstdError
        self._stream = zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True)

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises OSError where they are damaged."""
        try:
            return self._stream.read(size)
        except self._error as error:
            raise OSError(str(error)) from error


_END_OF_TIME = 1 << 33
"""Seconds since 1970: what is later is no time that a file system keeps in nanoseconds."""


def _tar_member(each: tarfile.TarInfo) -> Member:
    if each.size < 0:
        raise tarfile.ReadError("a file has less than nothing in it")
    kind = _tar_kind(each)
    return Member(
        path=_plain(each.name),
        kind=kind,
        size=each.size if kind == "file" else 0,
        mode=each.mode,
        mtime_ns=int(each.mtime * 1_000_000_000) if 0 <= each.mtime < _END_OF_TIME else 0,
        target=_plain(each.linkname) if kind == "hardlink" else each.linkname,
    )


def _tar_kind(each: tarfile.TarInfo) -> MemberKind:
    if each.isreg():
        return "file"
    if each.isdir():
        return "directory"
    if each.issym():
        return "symlink"
    return "hardlink" if each.islnk() else "special"


def _plain(path: str) -> str:
    """A path without the `./` at its beginning that some tools write; empty for the top itself."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return "" if path == "." else path.rstrip("/") or path[:1]


# zip


_LONGEST_TARGET = 4096


def _zip_members(hashing: _Hashing) -> Iterator[tuple[Member, IO[bytes] | None]]:
    hashing.sought = True
    with zipfile.ZipFile(hashing.stream) as archive:
        for each in archive.infolist():
            kind = _zip_kind(each)
            target = ""
            if kind == "symlink":
                with archive.open(each) as stream:
                    target = os.fsdecode(stream.read(_LONGEST_TARGET))
            member = _zip_member(each, kind, target)
            if not member.path:
                continue
            if kind != "file":
                yield member, None
                continue
            with archive.open(each) as stream:
                yield member, stream


def _zip_kind(each: zipfile.ZipInfo) -> MemberKind:
    mode = each.external_attr >> 16
    if each.filename.endswith("/") or stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISLNK(mode):
        return "symlink"
    return "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "special"


def _zip_member(each: zipfile.ZipInfo, kind: MemberKind, target: str) -> Member:
    try:
        seconds = time.mktime((*each.date_time, 0, 0, -1))
    except (OverflowError, ValueError):
        seconds = 0.0
    return Member(
        path=_plain(each.filename),
        kind=kind,
        size=each.file_size if kind == "file" else 0,
        mode=(each.external_attr >> 16) & 0o7777 or 0o644,
        mtime_ns=max(0, int(seconds * 1_000_000_000)),
        target=target,
    )


# What conda-unpack does, which every archive brings along


_UNPACK = "bin/conda-unpack"
_LARGEST_SCRIPT = 64 << 20
"""Bytes of the script, which lists every file that it rewrites."""
_ROWS = re.compile(rb"^_prefix_records = (\[\n.*?\n\])$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rewriting:
    """How conda-unpack rewrites one file of an unpacked environment."""

    placeholder: str
    """The path that it looks for: where the environment was, or where its package was built."""
    mode: str
    """`text`, or `binary`, where the end is filled up so that the length stays."""

    def apply(self, data: bytes, prefix: str) -> bytes:
        """The content of the file once it is rewritten for a prefix."""
        old, new = os.fsencode(self.placeholder), os.fsencode(prefix)
        if self.mode == "text":
            return data.replace(old, new)
        missing = len(old) - len(new)

        def fill(found: re.Match[bytes]) -> bytes:
            return found[0].replace(old, new) + bytes(max(0, missing * found[0].count(old)))

        return re.sub(re.escape(old) + rb"[^\0]*?\0", fill, data)


def rewritings(prefix: str) -> Mapping[str, Rewriting]:
    """By path, how the conda-unpack of an unpacked environment rewrites it; empty if it has none that can be read."""
    try:
        found = _ROWS.search(read_bounded(os.path.join(prefix, _UNPACK), _LARGEST_SCRIPT))
        rows = ast.literal_eval(found[1].decode()) if found else []
        return {path: Rewriting(placeholder, mode) for path, placeholder, mode in rows}
    except (OSError, ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {}

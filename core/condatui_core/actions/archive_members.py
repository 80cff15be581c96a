"""The members of an archive in any of the formats that conda-pack writes, and which of them must not be unpacked."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal, Protocol, cast

from condatui_core.actions.tar_stream import tar_members
from condatui_core.prefixes.probe import HALF_MADE

MemberKind = Literal["file", "directory", "symlink", "hardlink", "special"]

_LONGEST = 4096
"""Bytes of a path; no system knows a longer one."""
_DEEPEST = 256
"""Directories in it, one in another; no environment has a tenth of that."""
_LONGEST_NAME = 255
"""Bytes of one name in it, likewise."""

UNREADABLE = (
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


class Source(Protocol):
    """The file of an archive, read from its beginning to its end."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...

    def to_seek_in(self) -> IO[bytes]:
        """The file itself, for a format that is not read from its beginning to its end."""
        ...


def members_of(source: Source, form: str) -> Iterator[tuple[Member, IO[bytes] | None]]:
    """Each member of an archive, a file with a stream of its content that is read before the next member is asked for.

    Raises one of UNREADABLE where it is damaged.
    """
    yield from _zip_members(source) if form == "zip" else _tar_members(source, form)


# tar


def _tar_members(source: Source, form: str) -> Iterator[tuple[Member, IO[bytes] | None]]:
    for each, content in tar_members(_decompressed(source, form)):
        member = _tar_member(each)
        if member.path:
            yield member, content


def _decompressed(source: Source, form: str) -> IO[bytes]:
    stream = cast(Any, source)  # the readers below use nothing but `read`
    if form == "tar.gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream, mode="rb"))
    if form == "tar.bz2":
        return cast(IO[bytes], bz2.BZ2File(stream))
    if form == "tar.xz":
        return cast(IO[bytes], lzma.LZMAFile(stream))
    if form == "tar.zst":
        return cast(IO[bytes], _Zstd(stream))
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


def _zip_members(source: Source) -> Iterator[tuple[Member, IO[bytes] | None]]:
    with zipfile.ZipFile(source.to_seek_in()) as archive:
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

"""Reads an archive once before anything is unpacked: what is in it, what it needs of a machine, and its checksum."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from condatui_core.actions.archive_members import Member, member_fault
from condatui_core.actions.checksum_file import stated_checksum
from condatui_core.actions.packed_archive import ArchiveReader, open_archive
from condatui_core.analyses.machine_needs import ELF, binary_needs
from condatui_core.errors import CondatuiError
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.meta_file import DECODER, LARGEST_RECORD
from condatui_core.records.package import PackageRecord
from condatui_core.text import sanitize

_MOST_MEMBERS = 5_000_000
_MOST_IN_PATHS = 1 << 29
"""Characters of all paths together, which are kept in memory."""
_MOST_BYTES = 1 << 50
_LARGEST_BINARY = 64 << 20
"""Bytes of a compiled file whose headers are read; larger ones are told by their packages' records."""
_RECORD = re.compile(r"conda-meta/[^/]+\.json")
_LIBRARY = re.compile(r".*\.so(?:\.[\d.]+)?")
_PYTHON = re.compile(r"bin/python(?:\d(?:\.\d+)?)?")
_INTERPRETER = re.compile(rb"#!\s*(/[^\n]*?)/bin/python[\d.]*(?:\s|$)")
_BYTES_OF_FILE = 4096
"""What a small file takes on the disk beyond its content, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSurvey:
    """What an archive holds."""

    form: str
    sha256: str
    stated_sha256: str | None
    """What the file beside it states; empty if it states nothing of this archive, None if there is no file."""
    members: int
    bytes: int
    """What its files hold together."""
    packages: tuple[PackageRecord, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Records that cannot be read, a line each."""
    faults: tuple[str, ...] = ()
    """Members that must not be unpacked, a line each."""
    has_history: bool = False
    python: bool = False
    """Whether it has a python."""
    conda_unpack: bool = False
    """Whether it has the script that writes the new path into its files."""
    packed_for: str = ""
    """The path that most of its scripts expect it at; empty if none names one."""
    glibc: tuple[int, ...] = ()
    """The version of the C library from which its python and libraries run; empty if they need none."""
    glibc_of: str = ""
    """One of the files that need it."""
    binary_platform: str = ""
    """The platform of its python or, without one, of most libraries."""

    @property
    def bytes_needed(self) -> int:
        """The bytes that it takes on a disk, at most."""
        return self.bytes + self.members * _BYTES_OF_FILE


def survey_archive(path: str) -> ArchiveSurvey:
    """Read an archive to its end, writing nothing; blocks for as long as it takes to decompress it.

    Raises UsageError if it is no archive, CondatuiError if it is damaged.
    """
    survey = _Survey()
    with open_archive(path) as archive:
        for member, stream in archive.members():
            survey.take(member, stream, archive)
        digest = archive.sha256()
        form = archive.form
    try:
        stated = stated_checksum(path)
    except OSError as error:
        raise CondatuiError("The checksum beside the archive cannot be read.", reason(error)) from error
    return survey.result(form, digest, stated)


@dataclass
class _Survey:
    members: int = 0
    size: int = 0
    in_paths: int = 0
    packages: list[PackageRecord] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    has_history: bool = False
    python: bool = False
    conda_unpack: bool = False
    glibc: tuple[int, ...] = ()
    glibc_of: str = ""
    of_python: str = ""
    paths: dict[str, str] = field(default_factory=dict)
    """By path, the kind of each member so far."""
    links: set[str] = field(default_factory=set)
    interpreters: Counter[str] = field(default_factory=Counter)
    platforms: Counter[str] = field(default_factory=Counter)

    def take(self, member: Member, stream: IO[bytes] | None, archive: ArchiveReader) -> None:
        """Take in one member, and what can be learned of it."""
        self.members += 1
        self.size += member.size
        if self.members > _MOST_MEMBERS:
            raise CondatuiError(f"The archive has more than {_MOST_MEMBERS:,} files: no environment has.")
        self.in_paths += len(member.path) + len(member.target)
        if self.size > _MOST_BYTES or self.in_paths > _MOST_IN_PATHS:
            raise CondatuiError("The archive says that it holds more than any environment does.")
        if fault := self._fault(member):
            self.faults.append(f"{sanitize(member.path)}: {sanitize(fault)}")
            return
        self.paths[member.path] = member.kind
        if member.kind == "symlink":
            self.links.add(member.path)
        self._note_path(member)
        if stream is not None:
            self._read(member, archive.content(stream))

    def _fault(self, member: Member) -> str:
        if fault := member_fault(member, self.links):
            return fault
        there = self.paths.get(member.path)
        if there and not (there == member.kind == "directory"):
            return "it is in the archive twice"
        if member.kind == "hardlink" and self.paths.get(member.target) not in ("file", "hardlink"):
            return f"it is a link to {member.target}, which is not in the archive before it"
        return ""

    def _note_path(self, member: Member) -> None:
        self.has_history |= member.path == "conda-meta/history"
        self.conda_unpack |= member.path == "bin/conda-unpack"
        self.python |= member.path == "bin/python"

    def _read(self, member: Member, content: Iterator[bytes]) -> None:
        first = next(content, b"")
        if _RECORD.fullmatch(member.path):
            self._read_record(member, _whole(first, content, member, LARGEST_RECORD))
        elif first[:4] == ELF and _is_loaded(member.path):
            self._read_binary(member, _whole(first, content, member, _LARGEST_BINARY))
        elif member.path.startswith("bin/") and (found := _INTERPRETER.match(first)):
            self.interpreters[found[1].decode("utf-8", "surrogateescape")] += 1

    def _read_record(self, member: Member, data: bytes | None) -> None:
        try:
            if data is None:
                raise OSError(f"larger than {LARGEST_RECORD >> 20} MB")
            self.packages.append(decode(data, DECODER).to_record())
        except OSError as error:
            self.unreadable.append(f"{sanitize(member.path)}: {reason(error)}")

    def _read_binary(self, member: Member, data: bytes | None) -> None:
        needs = binary_needs(data) if data else None
        if needs is None:
            return
        self.platforms[needs.platform] += 1
        if needs.glibc > self.glibc:
            self.glibc, self.glibc_of = needs.glibc, member.path
        if _PYTHON.fullmatch(member.path):
            self.of_python = needs.platform

    def result(self, form: str, digest: str, stated: str | None) -> ArchiveSurvey:
        """What was found, once all members were taken in."""
        most = next((name for name, _ in self.platforms.most_common(1)), "")
        return ArchiveSurvey(
            form=form,
            sha256=digest,
            stated_sha256=stated,
            members=self.members,
            bytes=self.size,
            packages=tuple(sorted(self.packages, key=lambda each: each.name)),
            unreadable=tuple(self.unreadable),
            faults=tuple(self.faults),
            has_history=self.has_history,
            python=self.python,
            conda_unpack=self.conda_unpack,
            packed_for=next((path for path, _ in self.interpreters.most_common(1)), ""),
            glibc=self.glibc,
            glibc_of=self.glibc_of,
            binary_platform=self.of_python or most,
        )


def _is_loaded(path: str) -> bool:
    """Whether a compiled file is python or a library; what a compiler has of another system is neither."""
    return "sysroot/" not in path and bool(_PYTHON.fullmatch(path) or _LIBRARY.fullmatch(path))


def _whole(first: bytes, content: Iterator[bytes], member: Member, limit: int) -> bytes | None:
    """The whole content of a member; None if it is larger than the limit, whatever its head says."""
    if member.size > limit:
        return None
    data = b"".join((first, *content))
    return data if len(data) <= limit else None

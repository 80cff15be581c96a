"""What conda's packages need on the disk: extracted into a package cache, and linked into an environment.

What an extracted package or its archive states of itself is summed up in blocks. All figures are upper bounds.
"""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta, Struct

from condatui_core.fs.blocks import directory_bytes, in_blocks
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import open_regular, read_bounded

_LARGEST = 64 << 20
"""Bytes of the largest list of files that is read."""
_LARGEST_OLD = 8 << 20
"""Bytes of the largest `.tar.bz2` that is read: all of it has to be decompressed."""
_INFO = 20 * 4096
"""What a package brings into a cache beside its files, if it cannot be read."""
_UNPACKED = 5
"""How many times the bytes of its archive a package takes, extracted and linked, if it cannot be read."""
_COMPILED = 1.2
"""How many times the bytes of a module its bytecode takes at most, as a rule."""


class _Path(Struct, frozen=True):
    path: str = msgspec.field(name="_path")
    path_type: str = "hardlink"
    size_in_bytes: Annotated[int, Meta(ge=0)] | None = None
    prefix_placeholder: str | None = None


class _Paths(Struct, frozen=True):
    paths: tuple[_Path, ...]


class _Index(Struct, frozen=True):
    noarch: str | bool | None = None


@dataclass(frozen=True, slots=True)
class PackageContent:
    """What a package consists of, by what it states of itself."""

    paths: tuple[_Path, ...]
    info: dict[str, int]
    """The files that describe it, by their paths, with their bytes."""
    noarch_python: bool

    def extracted(self, block: int) -> int:
        """The bytes that it takes in a package cache."""
        sizes = (*(each.size_in_bytes or 0 for each in self.paths), *self.info.values(), _LONGER)
        inside = (*(each.path for each in self.paths), *self.info)
        return sum(in_blocks(each, block) for each in sizes) + directory_bytes(inside, block)

    def linked(self, block: int, *, links: bool) -> int:
        """The bytes that it takes in an environment; all is copied without `links`, as from a cache on another disk."""
        copied = (each for each in self.paths if not links or each.prefix_placeholder)
        return (
            sum(in_blocks((each.size_in_bytes or 0) + _LONGER, block) for each in copied)
            + in_blocks(self._record_bytes, block)
            + sum(in_blocks(each, block) for each in self._bytecode)
            + directory_bytes(self._installed(), block)
            - block  # the prefix itself is there
        )

    @property
    def _record_bytes(self) -> int:
        """What conda writes into conda-meta: nearly all of what the package states, and where it was linked from."""
        stated = sum(self.info.get(f"info/{each}", 0) for each in ("files", "index.json", "repodata_record.json"))
        return self.info.get("info/paths.json", 0) * 5 // 3 + stated * 5 // 4 + _LONGER

    @property
    def _bytecode(self) -> Sequence[int]:
        """What conda compiles of the modules of a package for any version of Python."""
        modules = (each for each in self.paths if self.noarch_python and each.path.endswith(".py"))
        return [int((each.size_in_bytes or 0) * _COMPILED) + 256 for each in modules]

    def _installed(self) -> Iterable[str]:
        for each in self.paths:
            yield each.path
            if self.noarch_python and each.path.endswith(".py"):
                directory, name = os.path.split(each.path)
                yield os.path.join(directory, "__pycache__", f"{name[:-3]}.cpython-311.pyc")


_LONGER = 1024
"""Bytes by which what conda writes anew may be longer than what it is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingPackage:
    """A package that conda is going to link."""

    dist_name: str
    url: str = ""
    """The URL of its archive; empty if unknown."""
    channel: str = ""
    """The location of its channel, if the URL is not known."""
    archive_bytes: int = 0
    """Bytes of its archive; 0 if unknown."""
    known_bytes: int = 0
    """What its files are known to take by something else, if its archive cannot be read."""


@dataclass(frozen=True, slots=True)
class PackageNeeds:
    """What a package needs on the disk."""

    cache: int
    """The bytes that come into the package cache."""
    linked: int
    """The bytes that it takes in an environment."""


def package_needs(coming: ComingPackage, pkgs_dirs: Sequence[str], block: int, *, links: bool) -> PackageNeeds:
    """What a package needs by what it states of itself, extracted or in an archive on this machine; blocks.

    Otherwise its needs are guessed by the size of its archive.
    """
    for directory in (os.path.join(each, coming.dist_name) for each in pkgs_dirs):
        if os.path.isfile(os.path.join(directory, "info", "repodata_record.json")) and (found := _extracted(directory)):
            return PackageNeeds(0, found.linked(block, links=links))
    archive, cached = _archive(coming, pkgs_dirs)
    download = 0 if cached else in_blocks(_size(archive) or coming.archive_bytes, block)
    if archive and (found := _in_archive(archive)):
        return PackageNeeds(download + found.extracted(block), found.linked(block, links=links))
    unpacked = coming.known_bytes or _UNPACKED * (coming.archive_bytes or _size(archive))
    return PackageNeeds(download + unpacked + _INFO, _INFO + (0 if links else unpacked))


def _archive(coming: ComingPackage, pkgs_dirs: Sequence[str]) -> tuple[str, bool]:
    """The archive of a package on this machine, and whether a package cache has it; empty if there is none."""
    url = urlsplit(coming.url)
    name = os.path.basename(unquote(url.path))
    names = (name,) if name else (f"{coming.dist_name}.conda", f"{coming.dist_name}.tar.bz2")
    for path in (os.path.join(directory, each) for directory in pkgs_dirs for each in names):
        if os.path.isfile(path):
            return path, True
    local = (unquote(each.path) for each in map(urlsplit, _urls(coming)) if each.scheme == "file")
    return next(filter(os.path.isfile, local), ""), False


def _urls(coming: ComingPackage) -> Iterator[str]:
    """The URLs under which its archive may be."""
    if coming.url:
        yield coming.url
    elif coming.channel:
        for subdir, end in product(("noarch", "linux-64", "linux-aarch64"), (".conda", ".tar.bz2")):
            yield f"{coming.channel}/{subdir}/{coming.dist_name}{end}"


def _size(path: str) -> int:
    try:
        return os.path.getsize(path) if path else 0
    except OSError:
        return 0


def _extracted(directory: str) -> PackageContent | None:
    """What an extracted package consists of; None if it does not say so, as those of an old conda-build."""
    try:
        place = os.path.join(directory, "info")
        data = {
            f"info/{each}": read_bounded(os.path.join(place, each), _LARGEST) for each in ("paths.json", "index.json")
        }
        info = {f"info/{each.name}": each.stat().st_size for each in os.scandir(place) if each.is_file()}
        return _content(data, info)
    except OSError:
        return None


def _in_archive(archive: str) -> PackageContent | None:
    """What the package in an archive consists of; None if it cannot be read, or takes too long to be read."""
    import zstandard  # noqa: PLC0415 - for archives only

    try:
        with open_regular(archive, follow=True) as stream:
            if archive.endswith(".conda"):
                with zipfile.ZipFile(stream) as parts:
                    name = next(each for each in parts.namelist() if each.startswith("info-"))
                    if parts.getinfo(name).file_size > _LARGEST:
                        return None
                    packed = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(parts.read(name)))
                    return _listed(tarfile.open(fileobj=packed, mode="r|"))
            if os.fstat(stream.fileno()).st_size > _LARGEST_OLD:
                return None
            return _listed(tarfile.open(fileobj=stream, mode="r|bz2"))
    except (OSError, EOFError, StopIteration, tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError):
        return None


def _listed(tar: tarfile.TarFile) -> PackageContent:
    """What a package consists of by the members of its archive."""
    data: dict[str, bytes] = {}
    info: dict[str, int] = {}
    with tar:
        for each in tar:
            if each.isfile() and each.name.startswith("info/"):
                info[each.name] = each.size
                if each.name in ("info/paths.json", "info/index.json") and each.size <= _LARGEST:
                    stream = tar.extractfile(each)
                    data[each.name] = stream.read() if stream else b""
    index = info.get("info/index.json", 0)
    return _content(data, {**info, "info/repodata_record.json": index + _LONGER})


def _content(data: dict[str, bytes], info: dict[str, int]) -> PackageContent:
    """Raises OSError if the package does not state its files in a way that is known."""
    try:
        paths, index = data["info/paths.json"], data["info/index.json"]
    except KeyError as error:
        raise OSError(f"{error} is not there") from error
    noarch = decode(index, _INDEX).noarch == "python"
    return PackageContent(decode(paths, _PATHS).paths, info, noarch)


_PATHS = msgspec.json.Decoder(_Paths)
_INDEX = msgspec.json.Decoder(_Index)

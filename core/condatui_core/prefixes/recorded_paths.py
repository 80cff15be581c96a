"""The files of one package as its record states them, read only when somebody asks for them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

from condatui_core.fs.safe_read import decode, read_bounded, reason
from condatui_core.prefixes.conda_meta import LARGEST_RECORD, record_file_name
from condatui_core.prefixes.distributions import in_archive
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord


class RecordedPath(Struct, frozen=True, kw_only=True):
    """One file, link or directory of a package, as its record states it."""

    path: str
    """Relative to the prefix."""
    kind: str = "hardlink"
    """`hardlink` for any plain file, be it linked or copied; `softlink`, `directory`, `pyc_file` …"""
    size: int | None = None
    """Bytes in the archive; a file with a placeholder may have another size in the prefix. None if not stated."""
    sha256: str = ""
    """Of the file in the archive."""
    sha256_in_prefix: str = ""
    """Of the file as it was installed; empty if the record does not say."""
    placeholder: str = ""
    """The prefix of the build machine, which conda has replaced in the file by this one; empty if there is none."""


class _Path(Struct):
    path: str = field(name="_path", default="")
    path_type: str | int | None = None
    size_in_bytes: int | None = None
    sha256: str | None = None
    sha256_in_prefix: str | None = None
    prefix_placeholder: str | None = None


class _RecordedPathsData(Struct):
    paths: list[_Path] | None = None


class _RecordFile(Struct):
    noarch: str | bool | None = None
    files: list[str] | None = None
    paths_data: _RecordedPathsData | None = None


def read_paths(prefix: str, record: PackageRecord) -> tuple[RecordedPath, ...] | Problem:
    """Read the files that a record states, in its order, or say why it cannot be read."""
    path = os.path.join(prefix, "conda-meta", record_file_name(record))
    try:
        file = decode(read_bounded(path, LARGEST_RECORD), _DECODER)
    except OSError as error:
        return Problem(path=path, reason=reason(error))
    return tuple(_recorded(file))


def _recorded(file: _RecordFile) -> Iterator[RecordedPath]:
    files = file.files or []
    paths = (file.paths_data.paths if file.paths_data else None) or []
    # The paths of a `noarch: python` package are those of its archive; where they lie here only `files` says.
    here = {in_archive(each): each for each in files} if file.noarch == "python" else {}
    stated = {here.get(each.path, each.path) for each in paths}
    # Before conda 4.3 there were no `paths`, and since then what was damaged in the cache is not among them.
    yield from (RecordedPath(path=each) for each in files if each not in stated)
    for each in paths:
        yield RecordedPath(
            path=here.get(each.path, each.path),
            kind=str(each.path_type or "hardlink"),
            size=each.size_in_bytes,
            sha256=each.sha256 or "",
            sha256_in_prefix=each.sha256_in_prefix or "",
            placeholder=each.prefix_placeholder or "",
        )


_DECODER = msgspec.json.Decoder(_RecordFile)

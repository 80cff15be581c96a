"""Read the files that pip writes beside a distribution: METADATA, INSTALLER, RECORD and direct_url.json."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import HeaderParser
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, Origin
from condatui_core.text import mask_credentials

# Paths of Python's packaging files: which file declares a distribution, its name and its version


_SITE_PACKAGES = r"(?:(?:[Ll]ib|lib64)/(?:(?:python|pypy)[^/]*/)?)?site-packages"
_ANCHOR = re.compile(
    rf"""(?P<directory>{_SITE_PACKAGES}/[^/]+(?:
        \.dist-info (?=/METADATA$)
      | \.egg-info  (?=/PKG-INFO$|$)
      | \.egg       (?=/EGG-INFO/PKG-INFO$)
      | \.egg-link  $
    ))""",
    re.VERBOSE,
)
_IN_PREFIX = re.compile(rf"{_SITE_PACKAGES}/")
_KIND = re.compile(r"\.(?:dist-info|egg-info|egg-link|egg)$")
_NAME_VERSION = re.compile(r"(?P<name>.+?)-(?P<version>v?\d[^-]*)(?:-py\d.*)?$")


def distribution_directory(path: str) -> str | None:
    """The dist-info, egg-info, egg or egg-link that a file declares, relative to the prefix; None for other files.

    Only the file that makes a distribution (METADATA, PKG-INFO) counts, and only directly in a site-packages: a
    distribution vendored deeper inside a package is not installed.
    """
    match = _ANCHOR.match(path)
    return match["directory"] if match else None


def in_archive(path: str) -> str:
    """The path of a file in site-packages without its python, as in the archive of a `noarch: python` package."""
    return _IN_PREFIX.sub("site-packages/", path, count=1)


def name_and_version(file_name: str) -> tuple[str, str]:
    """Split a directory's name into the distribution's name and version; the version is empty if there is none."""
    stem = _KIND.sub("", file_name)
    match = _NAME_VERSION.match(stem)
    return (match["name"], match["version"]) if match else (stem, "")


_LARGEST = 16 << 20
"""Bytes; the RECORD of the largest wheels takes two MB."""
_METADATA = ("METADATA", "PKG-INFO", "EGG-INFO/PKG-INFO")


class _VcsInfo(Struct):
    vcs: str | None = None
    commit_id: str | None = None


class _DirInfo(Struct):
    editable: bool | None = None


class _DirectUrl(Struct):
    url: str = ""
    vcs_info: _VcsInfo | None = None
    dir_info: _DirInfo | None = None
    archive_info: dict[str, object] | None = None
    subdirectory: str | None = None


class ReadDistribution(Struct, frozen=True):
    """A distribution, and the file that lists what it has brought."""

    distribution: Distribution
    record: bytes
    """Its RECORD; empty if there is none that can be read."""


def read_distribution(prefix: str, path: str, problems: list[Problem]) -> Iterator[ReadDistribution]:
    """Read a dist-info, egg-info or egg at a path relative to the prefix.

    Yields nothing for a directory without metadata, which a removal leaves behind and Python ignores.
    """
    absolute = os.path.join(prefix, path)
    stem_name, stem_version = name_and_version(os.path.basename(path))
    try:
        headers = read_metadata(absolute)
    except OSError as error:
        problems.append(Problem(path=absolute, reason=f"its metadata: {reason(error)}"))
        headers = Message()
    if headers is None:
        return
    origin = _read_direct_url(absolute, problems)
    record = _read_optional(absolute, "RECORD")
    distribution = Distribution(
        name=str(headers["Name"] or stem_name).strip(),
        version=str(headers["Version"] or stem_version).strip(),
        path=path,
        installer=_read_optional(absolute, "INSTALLER").decode("utf-8", "replace").strip(),
        origin=origin.kind,
        url=origin.url,
        sha256=origin.sha256,
        revision=origin.revision,
        vcs=origin.vcs,
        subdirectory=origin.subdirectory,
        location=origin.location,
        installed_bytes=_sum_of_sizes(record),
        requires=_requirements(headers, absolute),
    )
    yield ReadDistribution(distribution, record)


def read_metadata(path: str) -> Message | None:
    """Read the headers of a dist-info, egg-info or egg; None if it has none.

    Raises OSError if they cannot be read.
    """
    if not os.path.isdir(path):
        # An egg may be a zip: then only its name is used.
        return Message() if path.endswith(".egg") else _headers(read_bounded(path, _LARGEST))
    file = next((file for name in _METADATA if os.path.lexists(file := os.path.join(path, name))), None)
    return _headers(read_bounded(file, _LARGEST)) if file else None


def _headers(metadata: bytes) -> Message:
    # After the empty line follows the description, pages of text that are not parsed.
    head = metadata.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return HeaderParser().parsestr(head.decode("utf-8", "replace"))


def _requirements(headers: Message, path: str) -> tuple[str, ...]:
    """Requires-Dist, or the lines of an old setuptools' requires.txt above its first section."""
    stated = tuple(" ".join(str(each).split()) for each in headers.get_all("Requires-Dist", ()))
    if stated or not path.endswith(".egg-info"):
        return stated
    lines = _read_optional(path, "requires.txt").decode("utf-8", "replace").partition("[")[0].splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def _read_optional(directory: str, name: str) -> bytes:
    try:
        return read_bounded(os.path.join(directory, name), _LARGEST)
    except OSError:
        return b""


def _sum_of_sizes(record: bytes) -> int:
    """The sum of the last column of a RECORD; since it is the last, a comma in a quoted path does no harm."""
    sizes = (line.rpartition(b",")[2].strip() for line in record.splitlines())
    return sum(int(size) for size in sizes if size.isdigit() and len(size) < 16)


class _Origin(Struct, kw_only=True):
    kind: Origin = "index"
    url: str | None = None
    sha256: str = ""
    revision: str = ""
    vcs: str = ""
    subdirectory: str = ""
    location: str = ""


def _read_direct_url(directory: str, problems: list[Problem]) -> _Origin:
    path = os.path.join(directory, "direct_url.json")
    try:
        stated = decode(read_bounded(path, _LARGEST), _DIRECT_URL)
    except (FileNotFoundError, NotADirectoryError):
        return _Origin()
    except OSError as error:
        problems.append(Problem(path=path, reason=reason(error)))
        return _Origin(kind="unknown")
    return _origin(stated)


def _origin(stated: _DirectUrl) -> _Origin:
    url = mask_credentials(stated.url)
    scheme, _, rest = stated.url.partition("://")
    location = unquote("/" + rest.partition("/")[2], errors="surrogateescape") if scheme == "file" else ""
    subdirectory = stated.subdirectory or ""
    if stated.vcs_info:
        commit, vcs = stated.vcs_info.commit_id or "", stated.vcs_info.vcs or ""
        return _Origin(kind="vcs", url=url, revision=commit, vcs=vcs, subdirectory=subdirectory, location=location)
    if stated.dir_info and stated.dir_info.editable:
        return _Origin(kind="editable", url=url, location=location)
    kind: Origin = "local" if stated.dir_info or location else "url"
    sha256 = _sha256(stated.archive_info or {})
    return _Origin(kind=kind, url=url, sha256=sha256, subdirectory=subdirectory, location=location)


def _sha256(archive: Mapping[str, object]) -> str:
    """The checksum of an archive, as pip states it: `hashes`, or in former releases `hash`; empty if there is none."""
    hashes = archive.get("hashes")
    stated = hashes.get("sha256") if isinstance(hashes, dict) else str(archive.get("hash")).removeprefix("sha256=")
    match = _SHA256.fullmatch(str(stated))
    return match[0] if match else ""


_SHA256 = re.compile("[0-9a-f]{64}")

_DIRECT_URL = msgspec.json.Decoder(_DirectUrl)

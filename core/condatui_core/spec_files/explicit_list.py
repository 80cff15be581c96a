"""Explicit lists: a URL a line, as `conda list --explicit` and `conda-lock` write them."""

from __future__ import annotations

import re
from urllib.parse import unquote

from condatui_core.channel_urls import channel_location
from condatui_core.credentials import mask_credentials
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

MARK = "@EXPLICIT"
"""The line by which conda knows such a list."""

_HASH = re.compile(r"(?:md5:|sha256:)?(?:(?P<md5>[0-9a-fA-F]{32})|(?P<sha256>[0-9a-fA-F]{64}))")
_EXTENSIONS = (".conda", ".tar.bz2")
_PARTS = 3  # name, version, build


def looks_explicit(text: str) -> bool:
    """Tell whether a text is such a list, be it without the mark."""
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            return line == MARK or parse_archive_url(line) is not None
    return False


def explicit_contents(text: str) -> tuple[PrefixContents, tuple[str, ...]]:
    """List the packages, and the lines that cannot be understood."""
    lines = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#") and line != MARK]
    found = [(line, parse_archive_url(line)) for line in lines]
    return (
        PrefixContents(packages=tuple(record for _, record in found if record), has_history=False),
        tuple(mask_credentials(line) for line, record in found if record is None),
    )


def parse_archive_url(line: str) -> PackageRecord | None:
    """Read all that the URL or path of an archive says of the package, with its hash behind `#`; None if it is none."""
    url, _, digest = line.partition("#")
    directory, _, file_name = url.rpartition("/")
    stem = next((file_name.removesuffix(each) for each in _EXTENSIONS if file_name.endswith(each)), "")
    parts = unquote(stem).rsplit("-", 2)
    hashes = _HASH.fullmatch(digest)
    if len(parts) != _PARTS or not all(parts) or any(map(str.isspace, url)) or (digest and not hashes):
        return None
    remote = "://" in url
    return PackageRecord(
        name=parts[0],
        version=parts[1],
        build=parts[2],
        base_url=channel_location(None, url, "") if remote else None,
        url=mask_credentials(url) if remote else None,
        subdir=directory.rpartition("/")[2] if remote else "",
        file_name=file_name,
        md5=(hashes and hashes["md5"]) or "",
        sha256=(hashes and hashes["sha256"]) or "",
    )

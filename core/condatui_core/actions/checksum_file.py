"""The file beside an archive that states its sha256, in the format that `sha256sum -c` checks."""

from __future__ import annotations

import os
import re

from condatui_core.fs.safe_read import read_bounded

_LARGEST = 1 << 20
_LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-fA-F]{64}) [ *](?P<name>.+)")
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"))
"""How sha256sum writes what would end a line; a backslash at its beginning says that it did."""


def checksum_path(archive: str) -> str:
    """Where the checksum of an archive is written."""
    return f"{archive}.sha256"


def checksum_line(archive: str, digest: str) -> bytes:
    """The content of the file: the sha256 of an archive and its name, without its directory."""
    name = os.path.basename(archive)
    escaped = name
    for character, written in _ESCAPES:
        escaped = escaped.replace(character, written)
    mark = "\\" if escaped != name else ""
    return os.fsencode(f"{mark}{digest}  {escaped}\n")


def stated_checksum(archive: str) -> str | None:
    """The sha256 that the file beside an archive states for it; empty if it states none, None if there is no file.

    Beside a link there may be none: then the one beside the archive itself counts. Raises OSError if the file cannot be
    read.
    """
    if not os.path.lexists(checksum_path(archive)):
        archive = os.path.realpath(archive)
    try:
        data = read_bounded(checksum_path(archive), _LARGEST)
    except FileNotFoundError:
        return None
    name = os.path.basename(archive)
    found = filter(None, map(_LINE.fullmatch, os.fsdecode(data).split("\n")))
    return next((each["digest"].lower() for each in found if _named(each) == name), "")


def _named(line: re.Match[str]) -> str:
    """The base name of the file that a line is about: others write its directory as well."""
    name = line["name"]
    if line["escaped"]:
        name = re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), name)
    return os.path.basename(name)

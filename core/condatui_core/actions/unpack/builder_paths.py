"""Finds what an unpacked environment still says of where it was packed: conda-pack does not rewrite everything."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from condatui_core.actions.conda_unpack import rewritings
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import open_regular, read_bounded
from condatui_core.fs.tree import TreeEntry, read_tree
from condatui_core.prefixes.snapshot import PrefixRecords
from condatui_core.text import sanitize

_LARGEST_TEXT = 1 << 20
_INTERPRETER = re.compile(rb"#!\s*(/[^\n]*?)/bin/python[\d.]*(?:\s|$)")
_OF_SYSTEM = (b"/usr", b"/usr/local", b"")
_OWN_RECORDS = re.compile(r"conda-meta/(?:[^/]+\.json|history|state)|bin/conda-unpack|.*\.pyc")
"""What may name the machine that packed it, and nothing reads it at work."""
_PIXI = "conda-meta/pixi"
"""How the names of the files begin that pixi keeps for itself."""


class _DirectUrl(Struct):
    url: str = ""


class _Pixi(Struct):
    manifest_path: str = ""


_DIRECT_URL = msgspec.json.Decoder(_DirectUrl)
_OF_PIXI = msgspec.json.Decoder(_Pixi)


def builder_paths(records: PrefixRecords) -> tuple[str, ...]:
    """Lines that name the files of an environment that lead to another place, each with the reason; blocks.

    What cannot be read is passed over: the verification tells it. Raises OSError if the environment is gone.
    """
    prefix = records.prefix
    spellings = _spellings(records)
    files = (each for each in read_tree(prefix).entries if each.kind == "file")
    reasons = ((each.path, _why(prefix, each, spellings)) for each in files)
    return tuple(f"{sanitize(path)}: {sanitize(why)}" for path, why in reasons if why)


def _spellings(records: PrefixRecords) -> frozenset[bytes]:
    """The paths at which the environment was when it was packed, as far as it tells."""
    placeholders = {path.placeholder for package in records.packages for path in package.paths}
    looked_for = {each.placeholder for each in rewritings(records.prefix).values()}
    named = {each for each in looked_for if each not in placeholders and "_placehold" not in each}
    named |= {_project_of_pixi(records.prefix)}
    inside = os.path.realpath(records.prefix)
    usable = (each for each in named if len(each) > 2 and os.path.isabs(each) and os.path.realpath(each) != inside)
    return frozenset(map(os.fsencode, usable))


def _project_of_pixi(prefix: str) -> str:
    """The directory of the project that pixi has made the environment for; empty if it has not."""
    try:
        stated = decode(read_bounded(os.path.join(prefix, _PIXI), _LARGEST_TEXT), _OF_PIXI)
    except OSError:
        return ""
    return os.path.dirname(stated.manifest_path)


def _why(prefix: str, entry: TreeEntry, spellings: Collection[bytes]) -> str:
    if entry.path.startswith(_PIXI):
        return "pixi's own file, which names its project there"
    if entry.status.st_size > _LARGEST_TEXT or _OWN_RECORDS.fullmatch(entry.path):
        return ""
    try:
        with open_regular(os.path.join(prefix, entry.path)) as stream:
            data = stream.read(_LARGEST_TEXT)
    except OSError:
        return ""
    if b"\0" in data:
        return ""
    return next(_reasons(prefix, entry.path, data, spellings), "")


def _reasons(prefix: str, path: str, data: bytes, spellings: Collection[bytes]) -> Iterator[str]:
    if path.endswith(".dist-info/direct_url.json") and (place := _local_origin(data)):
        yield f"was installed from {place}"
    found = _INTERPRETER.match(data) if path.startswith("bin/") else None
    if found and found[1] not in _OF_SYSTEM and not _is_in(os.fsdecode(found[1]), prefix):
        yield f"starts {os.fsdecode(found[1])}/bin/python"
    if path.endswith(".pth"):
        lines = (line.strip() for line in os.fsdecode(data).splitlines())
        yield from (f"adds {line}" for line in lines if os.path.isabs(line) and not _is_in(line, prefix))
    yield from (f"names {os.fsdecode(each)}" for each in sorted(spellings) if each in data)


def _local_origin(data: bytes) -> str:
    """The directory that pip has noted as the origin of a distribution; empty if it came from elsewhere."""
    try:
        parts = urlsplit(decode(data, _DIRECT_URL).url)
    except (OSError, ValueError):
        return ""
    return unquote(parts.path, errors="surrogateescape") if parts.scheme == "file" else ""


def _is_in(path: str, prefix: str) -> bool:
    real = os.path.realpath(path)
    return real == os.path.realpath(prefix) or real.startswith(os.path.join(os.path.realpath(prefix), ""))

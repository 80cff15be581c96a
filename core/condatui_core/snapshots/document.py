"""The bytes of a snapshot: compressed JSON, read within bounds and checked before anything is made of it."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Raw, Struct

from condatui_core.errors import CondatuiError, NewerFormatError
from condatui_core.fs.documents import decode, format_of
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.host_snapshot import FORMAT, LONGEST, HostSnapshot, PackageRow
from condatui_core.text import masked, sanitize, strip_credentials

ENDINGS = (".json", ".json.gz")
"""How the names of snapshots end."""

_LARGEST_FILE = 32 << 20
_LARGEST_TEXT = 64 << 20
"""Bytes of the document itself: two hundred environments without a package in common have a third of it."""
_MOST_LISTS = 1_000_000
_MOST_VALUES = 2_500_000
"""Lists and objects in a document, and values in these: each costs dozens or hundreds of bytes of memory, however
short its text is."""
_MOST_PACKAGES = 300_000
"""Packages in the table."""
_MOST_ENVIRONMENTS = 20_000
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_GZIP = b"\x1f\x8b"
_ANY_GZIP = 31
"""How zlib is told that there is a gzip header."""
_CHANNEL = PackageRow.__struct_fields__.index("channel")
_SNAPSHOT = msgspec.json.Decoder(HostSnapshot)


class _Outline(Struct):
    """What every snapshot has, whatever is wrong inside."""

    format: int
    host: str
    collector: str
    table: Raw
    packages: Raw


_OUTLINE = msgspec.json.Decoder(_Outline)


class SnapshotError(CondatuiError):
    """A file is no snapshot that can be used; the title says why, in a line."""


# Names of machines


def is_host_name(text: str) -> bool:
    """Whether a text can be the name of a machine: it names a file, begins a prefix, and is shown everywhere."""
    return _HOST.fullmatch(text) is not None


def host_name_of(text: str) -> str:
    """The nearest name that a machine can have: the system's own may hold anything."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("._-")[:253]
    return name or "localhost"


def file_name_of(host: str) -> str:
    """The name of the file for the snapshot of a machine."""
    return f"{host}{ENDINGS[1]}"


# Records to bytes


def encode_snapshot(snapshot: HostSnapshot, listing: bytes, *, compressed: bool = True) -> bytes:
    """Encode a snapshot with what `condatui list --json` prints, which has more than its records have."""
    fields = {name: getattr(snapshot, name) for name in snapshot.__struct_fields__ if name != "table"}
    told = _each_text({**fields, "list": json.loads(listing)}, _tidied)
    text = msgspec.json.encode({**told, "table": tuple(map(_tidied_row, snapshot.table))})
    return compress(text) if compressed else text


def encode_row(row: PackageRow) -> Raw:
    """Encode a package for the table, each of its texts as a snapshot may have it."""
    return Raw(msgspec.json.encode(_each_text(row, _tidied)))


def _tidied_row(row: Raw) -> Raw:
    """The row as it may be stored: a host may have told of credentials, and in fields that are not known here."""
    said = msgspec.json.decode(row)
    told = _each_text(said, _tidied)
    if isinstance(told, list) and len(told) > _CHANNEL and isinstance(told[_CHANNEL], str):
        told[_CHANNEL] = strip_credentials(told[_CHANNEL])
    return row if told == said else Raw(msgspec.json.encode(told))


def _tidied(text: str) -> str:
    """A text without credentials, and as long as one may be; a path that is not UTF-8 is told as it is shown."""
    return masked(_encodable(text))[:LONGEST]


def _each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    """Change every text in a document."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Struct):
        return _each_text(msgspec.to_builtins(value), change)
    if isinstance(value, (list, tuple)):
        return [_each_text(each, change) for each in value]
    if isinstance(value, dict):
        return {change(name): _each_text(each, change) for name, each in value.items()}
    return value


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return sanitize(text)
    return text


def compress(text: bytes) -> bytes:
    """Compress by gzip, the same text to the same bytes: no time and no name is in them."""
    packing = zlib.compressobj(6, zlib.DEFLATED, _ANY_GZIP)
    return packing.compress(text) + packing.flush()


# Bytes to records


def read_snapshot(file: str) -> HostSnapshot:
    """Read a snapshot. SnapshotError if the file is none, NewerFormatError if a newer condatui has made it."""
    return read_with_size(file)[0]


def read_with_size(file: str) -> tuple[HostSnapshot, int]:
    """Read a snapshot as `read_snapshot` does, and how many bytes its text has without the table of packages."""
    try:
        data = read_bounded(file, _LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise SnapshotError(_words(error), sanitize(file)) from error
    return _decoded(data, file)


def host_of(file: str) -> str:
    """The machine that a file calls itself a snapshot of, even if it cannot be used; empty if it is none of these.

    A newer condatui's is not looked into.
    """
    try:
        data = read_bounded(file, _LARGEST_FILE)
        stated = decode(_decompressed(data) if data.startswith(_GZIP) else data, _OUTLINE)
    except (OSError, ValueError, zlib.error):
        return ""
    return stated.host if 1 <= stated.format <= FORMAT else ""


def decode_snapshot(data: bytes, where: str) -> HostSnapshot:
    """Decode a snapshot that came from `where`. Raises as `read_snapshot`."""
    return _decoded(data, where)[0]


def _decoded(data: bytes, where: str) -> tuple[HostSnapshot, int]:
    try:
        text = _decompressed(data) if data.startswith(_GZIP) else data
        _check_counts(text)
        snapshot = _typed(text, where)
        _check(snapshot)
    except (OSError, ValueError, zlib.error) as error:
        raise SnapshotError(_words(error), sanitize(where)) from error
    return snapshot, len(text) - sum(memoryview(each).nbytes for each in snapshot.table)


def _check_counts(text: bytes) -> None:
    """ValueError for a document that would take much more memory than its text does."""
    if text.count(b"[") + text.count(b"{") > _MOST_LISTS:
        raise ValueError(f"more than {_MOST_LISTS:,} lists and objects")
    if text.count(b",") > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES:,} values")


def _typed(text: bytes, where: str) -> HostSnapshot:
    try:
        snapshot = decode(text, _SNAPSHOT)
    except OSError:
        with suppress(OSError):  # what is wrong with it may be that it is newer
            _check_format(format_of(text), where)
        raise
    _check_format(snapshot.format, where)
    return snapshot


def _check_format(found: int, where: str) -> None:
    if found > FORMAT:
        raise NewerFormatError("The snapshot", sanitize(where), found=found, known=FORMAT)
    if found < 1:
        raise ValueError(f"no snapshot has the format {found}")


def _words(error: Exception) -> str:
    words = reason(error) if isinstance(error, OSError) else str(error)
    return f"{sanitize(words[:1].upper() + words[1:300])}."


def _decompressed(data: bytes) -> bytes:
    """Decompress up to the bound, however much there would be. ValueError if there is more, or the end is missing."""
    packing = zlib.decompressobj(_ANY_GZIP)
    text = packing.decompress(data, _LARGEST_TEXT)
    if packing.unconsumed_tail:
        raise ValueError(f"more than {_LARGEST_TEXT >> 20} MB once it is decompressed")
    if not packing.eof:
        raise ValueError("cut off: the end of the compressed data is missing")
    if packing.unused_data:
        raise ValueError("something follows the compressed data")
    return text


def _check(snapshot: HostSnapshot) -> None:
    """ValueError for what is well-formed and yet cannot be: it would mislead, or cost more than any machine's would."""
    if not is_host_name(snapshot.host):
        raise ValueError(f"`{snapshot.host[:80]}` is no name of a machine")
    environments = snapshot.list.environments
    if len(environments) > _MOST_ENVIRONMENTS:
        raise ValueError(f"more than {_MOST_ENVIRONMENTS:,} environments")
    prefixes = [each.prefix for each in environments]
    _check_paths(prefixes)
    _check_paths(path for each in environments for path in (*each.aliases, *filter(None, [each.installation])))
    _check_paths(each.root_prefix for each in snapshot.list.installations if each.root_prefix)
    if len(set(prefixes)) < len(prefixes):
        raise ValueError("an environment is in it twice")
    size = len(snapshot.table)
    if size > _MOST_PACKAGES:
        raise ValueError(f"more than {_MOST_PACKAGES:,} different packages")
    if any(each.rows and max(each.rows) >= size for each in snapshot.packages.values()):
        raise ValueError("an environment has a package that is not in the table")


def _check_paths(paths: Iterable[str]) -> None:
    for path in paths:
        if not path.startswith("/") or "\0" in path or len(path) > LONGEST or os.path.normpath(path) != path:
            raise ValueError(f"`{path[:80]}` is no absolute path as a machine has it")

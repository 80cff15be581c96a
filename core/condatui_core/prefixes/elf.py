"""Reads what a shared library or a program of Linux states that it loads: a few small reads of its header."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from condatui_core.fs.safe_read import open_regular

_MAGIC = b"\x7fELF"
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS, _STRINGS_SIZE, _SONAME = 0, 1, 5, 10, 14
_MOST_SEGMENTS = 256
_LARGEST_TABLE = 1 << 20
"""Bytes of the dynamic section; real ones have some hundred."""
_LARGEST_STRINGS = 16 << 20
"""Bytes of all names; those of libtorch have some MB, of which only a part is read."""
_LONGEST_NAME = 4096


class ElfNames(NamedTuple):
    """The names that a header states."""

    soname: str = ""
    """The name by which others load it; empty if it states none."""
    needed: tuple[str, ...] = ()
    """The names of the libraries that are loaded with it."""


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


class _Layout(NamedTuple):
    """How numbers are written in one file."""

    header: struct.Struct
    """Of the file, from the offset of the segments to the number of segments."""
    segment: struct.Struct
    entry: struct.Struct
    wide: bool

    @staticmethod
    def of(identity: bytes) -> _Layout | None:
        """The layout of a file by its first bytes; None if there is no such layout."""
        order = {1: "<", 2: ">"}.get(identity[5])
        if order is None or identity[4] not in (1, 2):
            return None
        wide = identity[4] == 2
        header = struct.Struct(f"{order}{'16xHHIQQQIHHH' if wide else '16xHHIIIIIHHH'}")
        segment = struct.Struct(f"{order}{'IIQQQQ' if wide else 'IIIII'}")
        return _Layout(header, segment, struct.Struct(f"{order}{'qQ' if wide else 'iI'}"), wide)


def read_elf(path: str) -> ElfNames | None:
    """What a file states; None if it is no ELF file, or one whose header leads nowhere. Raises OSError."""
    with open_regular(path, buffering=0) as stream:
        identity = stream.read(16)
        layout = _Layout.of(identity) if len(identity) == 16 and identity.startswith(_MAGIC) else None
        try:
            return _read(stream, layout) if layout else None
        except (struct.error, ValueError, OverflowError):  # numbers that are none of this file's
            return None


def _read(stream: IO[bytes], layout: _Layout) -> ElfNames:
    segments = [*_segments(stream, layout)]
    dynamic = next((each for each in segments if each.kind == _DYNAMIC), None)
    if dynamic is None:
        return ElfNames()
    table = _bytes_at(stream, dynamic.offset, min(dynamic.size, _LARGEST_TABLE))
    entries = [*_entries(table, layout)]
    stated = dict(entries)
    start = _offset_of(stated.get(_STRINGS, 0), segments)
    size = min(stated.get(_STRINGS_SIZE, 0), _LARGEST_STRINGS)

    def name_at(index: int) -> str:
        if not 0 <= index < size:
            return ""
        found = _bytes_at(stream, start + index, min(_LONGEST_NAME, size - index))
        return found.partition(b"\0")[0].decode("utf-8", "surrogateescape")

    needed = (name_at(value) for tag, value in entries if tag == _NEEDED)
    return ElfNames(name_at(stated[_SONAME]) if _SONAME in stated else "", tuple(filter(None, needed)))


def _segments(stream: IO[bytes], layout: _Layout) -> Iterator[_Segment]:
    fields = layout.header.unpack(_bytes_at(stream, 0, layout.header.size))
    offset, each, count = fields[4], fields[8], fields[9]
    if each < layout.segment.size:
        return
    table = _bytes_at(stream, offset, each * min(count, _MOST_SEGMENTS))
    for begin in range(0, len(table) - layout.segment.size + 1, each):
        numbers = layout.segment.unpack_from(table, begin)
        if layout.wide:  # the flags come second
            yield _Segment(numbers[0], numbers[2], numbers[3], numbers[5])
        else:
            yield _Segment(numbers[0], numbers[1], numbers[2], numbers[4])


def _entries(table: bytes, layout: _Layout) -> Iterator[tuple[int, int]]:
    for begin in range(0, len(table) - layout.entry.size + 1, layout.entry.size):
        tag, value = layout.entry.unpack_from(table, begin)
        if tag == _END:
            return
        yield tag, value


def _offset_of(address: int, segments: list[_Segment]) -> int:
    """Where in the file lies what is loaded at an address. Raises ValueError if no segment has it."""
    for each in segments:
        if each.kind == _LOAD and each.address <= address < each.address + each.size:
            return each.offset + address - each.address
    raise ValueError(address)


def _bytes_at(stream: IO[bytes], offset: int, size: int) -> bytes:
    stream.seek(offset)
    return stream.read(size)

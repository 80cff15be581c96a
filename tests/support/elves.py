"""Shared libraries made by hand: the few bytes of an ELF file that say what it loads."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_ADDRESS = 0x400000


def elf(needed: Sequence[str] = (), soname: str = "", *, wide: bool = True, order: str = "<") -> bytes:
    """A library that loads others; `wide` is one of 64 bits, `order` the one of its bytes."""
    strings, at = b"\0", {}
    for name in (*needed, soname):
        at[name] = len(strings)
        strings += name.encode() + b"\0"
    header_size, segment_size = (64, 56) if wide else (52, 32)
    entry = struct.Struct(f"{order}{'qQ' if wide else 'iI'}")
    begin = header_size + 2 * segment_size
    entries = [(1, at[name]) for name in needed] + ([(14, at[soname])] if soname else [])
    size = entry.size * (len(entries) + 3)
    entries += [(5, _ADDRESS + begin + size), (10, len(strings)), (0, 0)]
    dynamic = b"".join(entry.pack(*each) for each in entries)
    whole = begin + len(dynamic) + len(strings)
    return b"".join(
        (
            _header(header_size, segment_size, wide=wide, order=order),
            _segment(1, 0, whole, wide=wide, order=order),
            _segment(2, begin, len(dynamic), wide=wide, order=order),
            dynamic,
            strings,
        )
    )


def _header(size: int, segment_size: int, *, wide: bool, order: str) -> bytes:
    identity = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)) + bytes(9)
    rest = struct.pack(
        f"{order}HHI{'QQQ' if wide else 'III'}IHHHHHH", 3, 62, 1, 0, size, 0, 0, size, segment_size, 2, 0, 0, 0
    )
    return identity + rest


def _segment(kind: int, offset: int, size: int, *, wide: bool, order: str) -> bytes:
    address = _ADDRESS + offset
    if wide:
        return struct.pack(f"{order}IIQQQQQQ", kind, 4, offset, address, address, size, size, 8)
    return struct.pack(f"{order}IIIIIIII", kind, offset, address, address, size, size, 4, 4)

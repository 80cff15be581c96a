"""Compiled files made by hand: headers of Linux, with the versions of the C library that they ask for."""

from __future__ import annotations

import struct
from collections.abc import Sequence

X86_64, ARM_64 = 62, 183
_BASE = 0x1000
"""Where the file lies in memory: an address is no offset."""


def elf(glibc: Sequence[str] = ("2.17",), *, machine: int = X86_64) -> bytes:
    """A library that asks for these versions of the C library, and for one of another library."""
    strings = b"\0libc.so.6\0"
    names = []
    for version in glibc:
        names.append(len(strings))
        strings += f"GLIBC_{version}".encode() + b"\0"
    other = len(strings)
    strings += b"libother.so\0GLIBCXX_3.4.99\0"
    at_strings = 64 + 2 * 56
    at_needs = at_strings + len(strings)
    needs = _needed(1, names, last=False) + _needed(other, [other + len("libother.so") + 1], last=True)
    at_dynamic = at_needs + len(needs)
    tags = ((5, _BASE + at_strings), (0x6FFFFFFE, _BASE + at_needs), (0x6FFFFFFF, 2), (0, 0))
    dynamic = b"".join(struct.pack("<QQ", *each) for each in tags)
    size = at_dynamic + len(dynamic)
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 4096)
    segments += struct.pack("<IIQQQQQQ", 2, 6, at_dynamic, _BASE + at_dynamic, 0, len(dynamic), len(dynamic), 8)
    return head + segments + strings + needs + dynamic


def _needed(library: int, names: Sequence[int], *, last: bool) -> bytes:
    """What is needed of one library: its name, and a version each."""
    rows = b"".join(
        struct.pack("<IHHII", 0, 0, 2, name, 0 if number == len(names) - 1 else 16) for number, name in enumerate(names)
    )
    return struct.pack("<HHIII", 1, len(names), library, 16, 0 if last else 16 + len(rows)) + rows

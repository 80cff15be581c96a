"""What an environment needs of a machine: by the records of its packages, and by the headers of its compiled files."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from condatui_core.analyses.dependencies import is_met
from condatui_core.analyses.match_specs import ANY, parse_match_spec
from condatui_core.records.host import BinaryNeeds, Host, UnmetNeed
from condatui_core.records.package import PackageRecord

# By the records: virtual packages stand for what a machine has


_MAY_BE_ABSENT = frozenset({"__cuda"})
"""What a machine may lack altogether; another virtual package that is not known may be there."""


def unmet_needs(packages: Sequence[PackageRecord], host: Host) -> tuple[UnmetNeed, ...]:
    """Find what the packages need of a machine and this one does not have, sorted by what is needed."""
    there = {name: PackageRecord(name=name, version=version, build="0") for name, version in host.virtual}
    needing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for each in packages:
        for name, version, must_be_there in virtual_needs(each):
            found = there.get(name)
            lacking = must_be_there and found is None and name in _MAY_BE_ABSENT
            if lacking or (found is not None and version and not is_met(f"{name} {version}", found)):
                needing[name, version].append(each.name)
    return tuple(
        UnmetNeed(
            name=name,
            needs=f"{name} {version}".strip(),
            has=there[name].version if name in there else "",
            packages=tuple(dict.fromkeys(names)),
        )
        for (name, version), names in sorted(needing.items())
    )


def virtual_needs(package: PackageRecord) -> Iterator[tuple[str, str, bool]]:
    """What a package asks of virtual packages: name, version (empty for any), and whether they must be there at all."""
    for specs, must_be_there in ((package.depends, True), (package.constrains, False)):
        for spec in specs:
            wanted = parse_match_spec(spec) if spec.startswith("__") else None
            if wanted:
                version = wanted.version or wanted.constraint
                yield wanted.name, "" if version == ANY else version, must_be_there


# By the headers of compiled files, in the format of Linux


_MACHINES = {3: "linux-32", 21: "linux-ppc64le", 22: "linux-s390x", 62: "linux-64", 183: "linux-aarch64"}
"""By the number of the processor, conda's name of the platform."""
_GLIBC = re.compile(rb"GLIBC_(\d+(?:\.\d+)+)")
_LOAD, _DYNAMIC = 1, 2
_STRINGS, _NEEDED_VERSIONS, _HOW_MANY_NEEDED = 5, 0x6FFFFFFE, 0x6FFFFFFF
_MOST = 4096
"""Entries of a table at most: no library has as many, and a damaged one may claim any number."""
ELF = b"\x7fELF"
"""What a compiled file of Linux begins with."""


def binary_needs(data: bytes) -> BinaryNeeds | None:
    """What a compiled file needs, by its content; None if it is none, or damaged."""
    if data[:4] != ELF or len(data) < 64 or data[5] not in (1, 2):
        return None
    order = "<" if data[5] == 1 else ">"
    try:
        (machine,) = struct.unpack_from(f"{order}H", data, 18)
        glibc = max(_Elf64(data, order).needed_glibc(), default=()) if data[4] == 2 else ()
    except (struct.error, ValueError, OverflowError):
        return None
    return BinaryNeeds(platform=_MACHINES.get(machine, ""), glibc=glibc)


@dataclass(frozen=True, slots=True)
class _Elf64:
    """A compiled file for a 64-bit processor; struct.error where its tables lead out of it."""

    data: bytes
    order: str

    def needed_glibc(self) -> Iterator[tuple[int, ...]]:
        """The versions of the C library that its symbols name."""
        loaded = [each for each in self._segments() if each[0] == _LOAD]
        tags: dict[int, int] = {}
        for kind, offset, _, size in self._segments():
            if kind == _DYNAMIC:
                tags.update(self._dynamic(offset, size))
        if _NEEDED_VERSIONS not in tags or _STRINGS not in tags:
            return
        strings = self._offset(tags[_STRINGS], loaded)
        place = self._offset(tags[_NEEDED_VERSIONS], loaded)
        left = _MOST
        for _ in range(min(tags.get(_HOW_MANY_NEEDED, 0), _MOST)):
            _, count, _, first, following = struct.unpack_from(f"{self.order}HHIII", self.data, place)
            yield from self._versions(place + first, min(count, left), strings)
            left -= min(count, left)
            if not following:
                return
            place += following

    def _versions(self, place: int, count: int, strings: int) -> Iterator[tuple[int, ...]]:
        for _ in range(count):
            _, _, _, name, following = struct.unpack_from(f"{self.order}IHHII", self.data, place)
            if found := _GLIBC.match(self.data, strings + name):
                yield tuple(map(int, found[1].split(b".")))
            if not following:
                return
            place += following

    def _segments(self) -> Iterator[tuple[int, int, int, int]]:
        """Kind, offset in the file, address in memory, and bytes of each segment."""
        (table,) = struct.unpack_from(f"{self.order}Q", self.data, 32)
        size, count = struct.unpack_from(f"{self.order}HH", self.data, 54)
        for number in range(min(count, _MOST)):
            kind, _, offset, address, _, length = struct.unpack_from(
                f"{self.order}IIQQQQ", self.data, table + number * size
            )
            yield kind, offset, address, length

    def _dynamic(self, offset: int, size: int) -> Iterator[tuple[int, int]]:
        for number in range(min(size // 16, _MOST)):
            yield struct.unpack_from(f"{self.order}QQ", self.data, offset + number * 16)

    def _offset(self, address: int, loaded: Sequence[tuple[int, int, int, int]]) -> int:
        """Where an address lies in the file. Raises ValueError if it lies in none of its segments."""
        for _, offset, start, length in loaded:
            if start <= address < start + length:
                return offset + address - start
        raise ValueError(address)

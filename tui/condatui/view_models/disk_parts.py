"""What lies in one environment: its packages and the directories of no package, largest first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from condatui.view_models import signs, tones
from condatui.view_models.disk_shares import DiskSubject
from condatui.view_models.table import Column
from condatui.view_models.units import format_bytes
from condatui_core.printable import printable
from condatui_core.records.disk import Breakdown

COLUMNS = (
    Column("what", "package or directory", 60, flexible=True),
    Column("version", "version", 14, priority=3),
    Column("source", "from", 10, priority=2),
    Column("disk", "disk", 5, align="right"),
    Column("own", "own", 5, align="right", priority=1),
    Column("bar", "of the largest", 14, priority=4),
)
_BAR = 14
_NOBODY = "no package"


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    source: str
    bytes: int
    exclusive: int
    version: str = ""
    path: str = ""
    """Where it lies, if in one place: to copy."""


class DiskPartsModel:
    """Packages and directories as rows."""

    def __init__(self, subject: DiskSubject, *, chosen: signs.Signs = signs.UNICODE) -> None:
        found = _parts(subject.environment.prefix, subject.breakdown) if subject.breakdown else ()
        self._parts = sorted(found, key=lambda part: (-part.bytes, part.name))
        self._prefix = subject.environment.prefix
        self._full = "#" if chosen == signs.ASCII else "█"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._parts)

    def key(self, index: int) -> str:
        """Tells conda's package from pip's and from a directory of the same name."""
        part = self._parts[index]
        return f"{part.source}:{part.name}"

    def path(self, index: int) -> str:
        """What to copy: the directory; of a package, which lies all over it, the prefix."""
        return self._parts[index].path or self._prefix

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        part = self._parts[index]
        filled = round(part.bytes / (self._parts[0].bytes or 1) * _BAR)
        return (
            Text(printable(part.name), tones.STRONG if part.source == _NOBODY else tones.PLAIN),
            Text(printable(part.version)),
            Text(part.source, tones.DIM),
            Text(format_bytes(part.bytes)),
            Text(format_bytes(part.exclusive)),
            Text(self._full * filled, tones.DIM),
        )


def _parts(prefix: str, breakdown: Breakdown) -> Iterator[_Part]:
    for package in breakdown.packages:
        source = "pip" if package.source == "pypi" else package.source
        yield _Part(package.name, source, package.bytes, package.exclusive, package.version)
    for directory in breakdown.directories:
        path = os.path.join(prefix, directory.path) if directory.path else prefix
        name = (
            f"{directory.path}/ {_files(directory.files)}"
            if directory.path
            else f"at its top {_files(directory.files)}"
        )
        yield _Part(name, _NOBODY, directory.bytes, directory.exclusive, path=path)


def _files(count: int) -> str:
    return f"({count:,} file{'' if count == 1 else 's'})"

"""What one environment occupies, with whom it shares that, and what lies in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.text import Text

from condatui.view_models import glyphs, styles
from condatui.view_models.format import short_bytes, shorten_text
from condatui.view_models.status import KEPT_LIMIT
from condatui.view_models.table import TableColumn
from condatui_core.records.disk import Breakdown, DiskUse, Sharing
from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize

# What lies in one environment: its packages and the directories of no package, largest first.


COLUMNS = (
    TableColumn("what", "package or directory", 60, flexible=True),
    TableColumn("version", "version", 14, priority=3),
    TableColumn("source", "from", 10, priority=2),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("own", "own", 5, align="right", priority=1),
    TableColumn("bar", "of the largest", 14, priority=4),
)
_BAR = 14
_NOBODY = "no package"


@dataclass(frozen=True, slots=True)
class _DiskPart:
    name: str
    source: str
    bytes: int
    exclusive: int
    version: str = ""
    path: str = ""
    """Where it lies, if in one place: to copy."""


class DiskPartsModel:
    """Packages and directories as rows."""

    def __init__(self, subject: DiskSubject, *, chosen: glyphs.Glyphs = glyphs.UNICODE) -> None:
        found = _parts(subject.environment.prefix, subject.breakdown) if subject.breakdown else ()
        self._parts = sorted(found, key=lambda part: (-part.bytes, part.name))
        self._prefix = subject.environment.prefix
        self._full = "#" if chosen == glyphs.ASCII else "█"

    @property
    def columns(self) -> tuple[TableColumn, ...]:
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
            Text(sanitize(part.name), styles.STRONG if part.source == _NOBODY else styles.PLAIN),
            Text(sanitize(part.version)),
            Text(part.source, styles.DIM),
            Text(short_bytes(part.bytes)),
            Text(short_bytes(part.exclusive)),
            Text(self._full * filled, styles.DIM),
        )


def _parts(prefix: str, breakdown: Breakdown) -> Iterator[_DiskPart]:
    for package in breakdown.packages:
        source = "pip" if package.source == "pypi" else package.source
        yield _DiskPart(package.name, source, package.bytes, package.exclusive, package.version)
    for directory in breakdown.directories:
        path = os.path.join(prefix, directory.path) if directory.path else prefix
        name = (
            f"{directory.path}/ {_files(directory.files)}"
            if directory.path
            else f"at its top {_files(directory.files)}"
        )
        yield _DiskPart(name, _NOBODY, directory.bytes, directory.exclusive, path=path)


def _files(count: int) -> str:
    return f"({counted(count, 'file')})"


# What one environment occupies, and with whom it shares that, in a few lines.


_LEAST_BAR, _MOST_BAR = 8, 40
_BARS = ("█", "▓", "▒", "░")
_ASCII_BARS = ("#", "=", "-", ".")
"""For its own bytes, for those shared with the cache, with environments, and with what was not seen."""


@dataclass(frozen=True, slots=True)
class DiskSubject:
    """One environment and what is known of its bytes."""

    environment: Environment
    use: DiskUse | None = None
    """None if it was not measured."""
    sharing: tuple[Sharing, ...] = ()
    breakdown: Breakdown | None = None
    """None until its files were looked at by their names."""
    names: Mapping[str, str] | None = None
    """Of all environments, by prefix; what else shares is a package cache."""
    kept: bool = False
    """Whether only directories that had changed were read."""
    entries: int | None = None
    """How many were looked at by the walk that is under way; None if there is none."""

    def name_of(self, place: str) -> str:
        """What another place is called."""
        names = self.names or {}
        if place in names:
            return sanitize(names[place])
        caches = sum(each.path not in names for each in self.sharing)
        return "the package cache" if caches == 1 else f"the package cache {sanitize(place)}"


def shares_line(subject: DiskSubject, chosen: glyphs.Glyphs, width: int) -> Text:
    """A bar of four kinds of bytes, and what each kind comes to: `58 M ███▓▓▓▒▒▒ █ own 3.9 M ▓ cache 1.5 M …`."""
    use = subject.use
    if use is None:
        return Text(_why_not(subject), styles.DIM)
    bars = _ASCII_BARS if chosen == glyphs.ASCII else _BARS
    kinds = (
        ("own", use.exclusive),
        ("cache", use.shared_with_cache),
        ("environments", use.shared_with_environments),
        ("elsewhere", use.outside),
    )
    at_least = f"{chosen.at_least if use.cost.at_least else ''}"
    total = f"{at_least}{short_bytes(use.total)}  "
    legend = "  ".join(
        f"{bar} {kind} {short_bytes(size)}" for bar, (kind, size) in zip(bars, kinds, strict=True) if size
    )
    room = min(_MOST_BAR, width - len(total) - len(legend) - 2)
    if room < _LEAST_BAR:
        return shorten_text(Text(total + legend), width, chosen.ellipsis, cut="end")
    cells = _dealt([size for _, size in kinds], room)
    bar = "".join(bar * count for bar, count in zip(bars, cells, strict=True))
    return Text(f"{total}{bar}  {legend}")


def sharers_line(subject: DiskSubject, chosen: glyphs.Glyphs, width: int) -> Text:
    """With whom it has how much in common, as many as there is room for; three may share one file, so these overlap."""
    if subject.use is None:
        return Text()
    if not subject.sharing:
        return Text("shares nothing with anybody", styles.DIM)
    each = [f"{subject.name_of(one.path)} {short_bytes(one.bytes)}" for one in subject.sharing]
    shown = len(each)
    while shown > 1 and len(_sharers(each, shown)) > width:
        shown -= 1
    return shorten_text(Text(_sharers(each, shown)), width, chosen.ellipsis, cut="end")


def parts_line(subject: DiskSubject, chosen: glyphs.Glyphs, width: int) -> Text:
    """What came from conda, from pip, and from nobody; and what this figure cannot know."""
    breakdown, parts = subject.breakdown, []
    if breakdown:
        packages = sum(each.bytes for each in breakdown.packages)
        sizes = (
            ("conda", packages - breakdown.pip),
            ("pip", breakdown.pip),
            ("of no package", breakdown.untracked),
            ("bookkeeping", breakdown.bookkeeping),
        )
        parts = [f"{name} {short_bytes(size)}" for name, size in sizes if size]
    elif subject.use:
        parts = ["looking which package has which file"]
    line = f" {chosen.separator} ".join(parts)
    limit = f"  {KEPT_LIMIT}" if subject.use and subject.kept else ""
    return shorten_text(
        Text.assemble(line, (limit if len(line) + len(limit) <= width else "", styles.DIM)),
        width,
        chosen.ellipsis,
        cut="end",
    )


def _why_not(subject: DiskSubject) -> str:
    if subject.environment.state == "missing":
        return "It is not there: it occupies nothing."
    if subject.entries is not None:
        return f"Measuring the disk: {subject.entries:,} entries so far."
    return "Not measured yet: the disk is walked once everything is read."


def _sharers(each: list[str], shown: int) -> str:
    more = f", {len(each) - shown} more" if len(each) > shown else ""
    return f"shared with {', '.join(each[:shown])}{more}"


def _dealt(sizes: list[int], cells: int) -> list[int]:
    """Cells of a bar, as the sizes are to each other; what is not nothing has one at least."""
    total = sum(sizes) or 1
    dealt = [max(1, round(size / total * cells)) if size else 0 for size in sizes]
    while sum(dealt) > cells:
        dealt[dealt.index(max(dealt))] -= 1
    return dealt

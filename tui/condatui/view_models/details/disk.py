"""The disk use of one environment: what it occupies, with what it shares that, and what lies in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import cache_name, short_bytes, short_count, shorten_text
from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs
from condatui.view_models.status import kept_limit, upper_bound
from condatui.view_models.table import TableColumn
from condatui_core.records.disk import BlockDoubt, Breakdown, DiskUse, Sharing
from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize

if TYPE_CHECKING:
    from condatui.view_models.told import Told

# What lies in one environment: its packages and the directories of no package, largest first


COLUMNS = (
    TableColumn("what", "package or directory", 60, flexible=True),
    TableColumn("version", "version", 14, priority=3),
    TableColumn("source", "from", 10, priority=2),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("own", "own", 5, align="right", priority=1),
    TableColumn("bar", "of the largest", 14, priority=4),
)
_BAR = 14
_NO_PACKAGE = "no package"


@dataclass(frozen=True, slots=True)
class _DiskPart:
    name: str
    source: str
    bytes: int
    exclusive: int
    version: str = ""
    path: str = ""
    """The absolute path of a directory; empty for a package."""


class DiskPartsModel:
    """Packages and directories as rows."""

    def __init__(self, subject: DiskSubject, *, glyphs: Glyphs = UNICODE) -> None:
        found = _parts(subject.environment.prefix, subject.breakdown) if subject.breakdown else ()
        self._parts = sorted(found, key=lambda part: (-part.bytes, part.name))
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._parts)

    def key(self, index: int) -> str:
        """The source and the name, as conda, pip and a directory may share a name."""
        part = self._parts[index]
        return f"{part.source}:{part.name}"

    def copied(self, index: int) -> str:
        """What is copied of a row: the path of a directory, a spec of a package, whose files lie in many places."""
        part = self._parts[index]
        return part.path or f"{part.name}{'==' if part.source == 'pip' else '='}{part.version}"

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        part = self._parts[index]
        filled = round(part.bytes / (self._parts[0].bytes or 1) * _BAR)
        return (
            Text(sanitize(part.name), styles.STRONG if part.source == _NO_PACKAGE else styles.PLAIN),
            Text(sanitize(part.version)),
            Text(part.source, styles.DIM),
            Text(short_bytes(part.bytes)),
            Text(short_bytes(part.exclusive)),
            Text(self._glyphs.bar * filled, styles.DIM),
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
        yield _DiskPart(name, _NO_PACKAGE, directory.bytes, directory.exclusive, path=path)


def _files(count: int) -> str:
    return f"({counted(count, 'file')})"


# What one environment occupies, and with what it shares that, in a few lines


_LEAST_BAR, _MOST_BAR = 8, 40
_BARS = ("█", "▓", "▒", "░")
_ASCII_BARS = ("#", "=", "-", ".")
"""For its own bytes, and for those shared with the cache, with environments, and with links outside the walk."""


@dataclass(frozen=True, slots=True)
class DiskSubject:
    """One environment and what is known of its disk use."""

    environment: Environment
    use: DiskUse | None = None
    """None if it is not measured."""
    sharing: tuple[Sharing, ...] = ()
    breakdown: Breakdown | None = None
    """None until its files have been assigned to packages."""
    names: Mapping[str, str] | None = None
    """The names of all environments by prefix; anything else that shares is a package cache."""
    home: str = ""
    full_walk: str = ""
    """The key that measures everything again; empty if the last walk did."""
    upper_bound: BlockDoubt | None = None
    """Why it may occupy less than is said; None if it does not."""
    told: Told | None = None
    """What a snapshot tells of one on another machine; None on this one."""
    entries: int | None = None
    """How many entries the present walk has counted; None if no walk is under way."""
    left_out: bool = False
    """Whether the user does not want it to be measured."""

    def name_of(self, sharer: Sharing) -> str:
        """The name of an environment or a cache."""
        names = self.names or {}
        if sharer.path in names:
            return sanitize(names[sharer.path])
        if sharer.tool:
            return cache_name(sharer.path, sharer.tool, self.home)
        caches = sum(each.path not in names and not each.tool for each in self.sharing)
        return "the package cache" if caches == 1 else f"the package cache {sanitize(sharer.path)}"


def shares_line(subject: DiskSubject, glyphs: Glyphs, width: int) -> Text:
    """A bar of four kinds of bytes, and the size of each kind: `58 M ███▓▓▓▒▒▒ █ own 3.9 M ▓ cache 1.5 M …`."""
    use = subject.use
    if use is None:
        return _told(subject, 0, width, glyphs) or Text(_why_not(subject), styles.DIM)
    bars = _ASCII_BARS if glyphs == ASCII else _BARS
    kinds = (
        ("own", use.exclusive),
        ("cache", use.shared_with_cache),
        ("environments", use.shared_with_environments),
        ("elsewhere", use.outside),
    )
    at_least = f"{glyphs.at_least if use.cost.at_least else ''}"
    total = f"{at_least}{short_bytes(use.total)}  "
    legend = "  ".join(
        f"{bar} {kind} {short_bytes(size)}" for bar, (kind, size) in zip(bars, kinds, strict=True) if size
    )
    room = min(_MOST_BAR, width - len(total) - len(legend) - 2)
    if room < _LEAST_BAR:
        return shorten_text(Text(total + legend), width, glyphs.ellipsis, cut="end")
    cells = _share_cells([size for _, size in kinds], room)
    bar = "".join(bar * count for bar, count in zip(bars, cells, strict=True))
    return Text(f"{total}{bar}  {legend}")


def sharers_line(subject: DiskSubject, glyphs: Glyphs, width: int) -> Text:
    """With what it shares how many bytes, as many as fit; several may share one file, so the figures overlap."""
    if subject.use is None:
        return _told(subject, 1, width, glyphs) or Text()
    if not subject.sharing:
        return Text("shares nothing with other environments or caches", styles.DIM)
    each = [f"{subject.name_of(one)} {short_bytes(one.bytes)}" for one in subject.sharing]
    shown = len(each)
    while shown > 1 and len(_sharers(each, shown)) > width:
        shown -= 1
    return shorten_text(Text(_sharers(each, shown)), width, glyphs.ellipsis, cut="end")


def parts_line(subject: DiskSubject, glyphs: Glyphs, width: int) -> Text:
    """The bytes from conda, from pip and of no package, its inodes, and what the measurement cannot know."""
    if told := _told(subject, 2, width, glyphs):
        return told
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
        parts = ["finding out which package has which file"]
    if subject.use and subject.use.inodes:
        parts.append(f"{short_count(subject.use.inodes)} inodes, {short_count(subject.use.exclusive_inodes)} own")
    line = f" {glyphs.separator} ".join(parts)
    limits = [
        *([f"or less: {upper_bound(subject.upper_bound)}"] if subject.upper_bound else ()),
        *([kept_limit(subject.full_walk)] if subject.full_walk else ()),
    ]
    limit = f"  {limits[0]}" if subject.use and limits else ""
    return shorten_text(
        Text.assemble(line, (limit if len(line) + len(limit) <= width else "", styles.DIM)),
        width,
        glyphs.ellipsis,
        cut="end",
    )


def _told(subject: DiskSubject, line: int, width: int, glyphs: Glyphs) -> Text | None:
    """One of the lines about what a snapshot tells; None for an environment on this machine."""
    if subject.told is None:
        return None
    from condatui.view_models.told import disk_words  # noqa: PLC0415 - only snapshots need it

    return shorten_text(Text(disk_words(subject.told)[line]), width, glyphs.ellipsis, cut="end")


def _why_not(subject: DiskSubject) -> str:
    if subject.environment.state == "missing":
        return "It does not exist: it occupies nothing."
    if subject.left_out:
        return "Not measured: the setting `unmeasured`, or --no-sizes, says so."
    if subject.entries is not None:
        return f"Measuring the disk: {subject.entries:,} entries so far."
    return "Not measured yet: the disk is measured once everything is read."


def _sharers(each: list[str], shown: int) -> str:
    more = f", {len(each) - shown} more" if len(each) > shown else ""
    return f"shared with {', '.join(each[:shown])}{more}"


def _share_cells(sizes: list[int], cells: int) -> list[int]:
    """Share the cells of a bar in proportion to the sizes; each size above 0 gets at least one cell."""
    total = sum(sizes) or 1
    shares = [max(1, round(size / total * cells)) if size else 0 for size in sizes]
    while sum(shares) > cells:
        shares[shares.index(max(shares))] -= 1
    return shares

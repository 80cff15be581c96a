"""Print what environments cost, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from condatui.cli.documents.disk import CostsDocument, DiskDocument
from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.format import cache_name, short_bytes, short_count
from condatui.view_models.status import upper_bound
from condatui.view_models.table import TableColumn
from condatui_core.records.disk import BlockDoubt, CacheUse
from condatui_core.text import counted, format_bytes, sanitize

_ENVIRONMENTS = (
    TableColumn("name", "name", 60, flexible=True),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("own", "own", 5, align="right"),
    TableColumn("cache", "with cache", 10, align="right", priority=2),
    TableColumn("others", "with others", 11, align="right", priority=1),
    TableColumn("outside", "outside", 7, align="right", priority=3),
    TableColumn("untracked", "untracked", 9, align="right", priority=2),
    TableColumn("inodes", "inodes", 6, align="right", priority=4),
)
_PACKAGES = (
    TableColumn("name", "package", 60, flexible=True),
    TableColumn("version", "version", 20, priority=1),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("own", "own", 5, align="right"),
)
_DIRECTORIES = (
    TableColumn("path", "files of no package in", 80, flexible=True),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("files", "files", 7, align="right", priority=1),
)
_CACHES = (
    TableColumn("path", "package cache", 80, flexible=True),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("archives", "archives", 8, align="right", priority=2),
    TableColumn("packages", "packages", 8, align="right", priority=2),
    TableColumn("cleanable", "cleanable", 9, align="right"),
)
_MOST_ROWS = 20
"""The most packages and directories that are printed."""


class _DiskRows:
    """A table model of given rows."""

    def __init__(self, columns: tuple[TableColumn, ...], rows: Sequence[tuple[str, ...]]) -> None:
        self.columns = columns
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        return self._rows[index][0]

    def cells(self, index: int) -> tuple[Text, ...]:
        return tuple(Text(sanitize(cell)) for cell in self._rows[index])


def print_disk(invocation: Invocation, document: DiskDocument, *, by_package: bool) -> None:
    """Print a row for each environment and package cache, optionally packages, and what removal would free."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(_DiskRows(_ENVIRONMENTS, [_environment(each) for each in document.environments]))
    for costs in document.environments if by_package else ():
        printer.text(Text(f"\n{sanitize(costs.name)}", styles.STRONG))
        for table in _details(costs):
            printer.table(table)
    printer.text(Text())
    if document.caches and not by_package:
        printer.table(_DiskRows(_CACHES, [_cache(each, str(invocation.locations.home)) for each in document.caches]))
        printer.text(Text())
    printer.text(Text(_sum(document)))
    for line in _upper_bounds(document):
        printer.text(Text(line, styles.DIM))


def _upper_bounds(document: DiskDocument) -> Iterator[str]:
    """For each reason, how many environments and caches may be smaller than the page says."""
    counts: Counter[BlockDoubt] = Counter(each.reason for each in document.upper_bounds)
    for reason, count in counts.items():
        what = counted(count, "environment or cache", "environments and caches")
        yield f"{what} may occupy less: {upper_bound(reason)}."


def _sum(document: DiskDocument) -> str:
    count, bases = len(document.environments), sum(each.base for each in document.environments)
    what = "it" if count == 1 else f"these {count}"
    if 0 < bases < count:
        what = f"the {count - bases} that are no base" if count - bases > 1 else "the one that is no base"
    freed, cleaned = format_bytes(document.frees), format_bytes(document.frees_with_cache_clean)
    inodes = counted(document.frees_inodes, "inode")
    return f"Removing {what} frees {freed} and {inodes}, and {cleaned} with `conda clean --tarballs --packages`."


def _environment(costs: CostsDocument) -> tuple[str, ...]:
    sizes = (
        costs.total,
        costs.exclusive,
        costs.shared_with_cache,
        costs.shared_with_environments,
        costs.outside,
        costs.untracked,
    )
    return (costs.name, *map(short_bytes, sizes), short_count(costs.inodes))


def _details(costs: CostsDocument) -> Iterator[_DiskRows]:
    packages = [
        (each.name, each.version, short_bytes(each.bytes), short_bytes(each.exclusive)) for each in costs.packages
    ]
    yield _DiskRows(_PACKAGES, packages[:_MOST_ROWS])
    if costs.untracked_directories:
        directories = [
            (each.path or ".", short_bytes(each.bytes), str(each.files)) for each in costs.untracked_directories
        ]
        yield _DiskRows(_DIRECTORIES, directories[:_MOST_ROWS])


def _cache(cache: CacheUse, home: str) -> tuple[str, ...]:
    name = cache_name(cache.path, cache.tool, home) if cache.tool else cache.path
    return (name, *map(short_bytes, (cache.total, cache.archives, cache.packages, cache.cleanable)))

"""What environments cost, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from condatui.commands.disk_documents import CostsDocument, DiskDocument
from condatui.commands.invocation import Invocation
from condatui.commands.tables import Printer
from condatui.view_models import tones
from condatui.view_models.table import Column
from condatui.view_models.units import format_bytes, spell_bytes
from condatui_core.printable import printable
from condatui_core.records.disk import CacheUse

_ENVIRONMENTS = (
    Column("name", "name", 60, flexible=True),
    Column("disk", "disk", 5, align="right"),
    Column("own", "own", 5, align="right"),
    Column("cache", "with cache", 10, align="right", priority=2),
    Column("others", "with others", 11, align="right", priority=1),
    Column("outside", "outside", 7, align="right", priority=3),
    Column("untracked", "untracked", 9, align="right", priority=2),
)
_PACKAGES = (
    Column("name", "package", 60, flexible=True),
    Column("version", "version", 20, priority=1),
    Column("disk", "disk", 5, align="right"),
    Column("own", "own", 5, align="right"),
)
_DIRECTORIES = (
    Column("path", "files of no package in", 80, flexible=True),
    Column("disk", "disk", 5, align="right"),
    Column("files", "files", 7, align="right", priority=1),
)
_CACHES = (
    Column("path", "package cache", 80, flexible=True),
    Column("disk", "disk", 5, align="right"),
    Column("archives", "archives", 8, align="right", priority=2),
    Column("packages", "packages", 8, align="right", priority=2),
    Column("cleanable", "conda clean takes", 17, align="right"),
)
_MOST_ROWS = 20
"""As many packages and directories as are worth a look."""


class _Rows:
    """A table of rows that are all there."""

    def __init__(self, columns: tuple[Column, ...], rows: Sequence[tuple[str, ...]]) -> None:
        self.columns = columns
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        return self._rows[index][0]

    def cells(self, index: int) -> tuple[Text, ...]:
        return tuple(Text(printable(cell)) for cell in self._rows[index])


def print_disk(invocation: Invocation, document: DiskDocument, *, by_package: bool) -> None:
    """Print a row for each environment and package cache, packages if wanted, and what removal would free."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(_Rows(_ENVIRONMENTS, [_environment(each) for each in document.environments]))
    for costs in document.environments if by_package else ():
        printer.text(Text(f"\n{printable(costs.name)}", tones.STRONG))
        for table in _details(costs):
            printer.table(table)
    printer.text(Text())
    if document.caches and not by_package:
        printer.table(_Rows(_CACHES, [_cache(each) for each in document.caches]))
        printer.text(Text())
    printer.text(Text(_sum(document)))


def _sum(document: DiskDocument) -> str:
    what = "it" if len(document.environments) == 1 else f"these {len(document.environments)}"
    freed, cleaned = spell_bytes(document.frees), spell_bytes(document.frees_with_cache_clean)
    return f"Removing {what} frees {freed}, and {cleaned} with `conda clean --tarballs --packages`."


def _environment(costs: CostsDocument) -> tuple[str, ...]:
    sizes = (
        costs.total,
        costs.exclusive,
        costs.shared_with_cache,
        costs.shared_with_environments,
        costs.outside,
        costs.untracked,
    )
    return (costs.name, *map(format_bytes, sizes))


def _details(costs: CostsDocument) -> Iterator[_Rows]:
    packages = [
        (each.name, each.version, format_bytes(each.bytes), format_bytes(each.exclusive)) for each in costs.packages
    ]
    yield _Rows(_PACKAGES, packages[:_MOST_ROWS])
    if costs.untracked_directories:
        directories = [
            (each.path or ".", format_bytes(each.bytes), str(each.files)) for each in costs.untracked_directories
        ]
        yield _Rows(_DIRECTORIES, directories[:_MOST_ROWS])


def _cache(cache: CacheUse) -> tuple[str, ...]:
    return (cache.path, *map(format_bytes, (cache.total, cache.archives, cache.packages, cache.cleanable)))

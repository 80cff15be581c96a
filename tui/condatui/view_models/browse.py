"""The files of an environment by size: one directory at a time, as rows, and the entry under the cursor in words."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, shorten_middle
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.disk import BrowsedEntry
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.text import counted, format_bytes, sanitize

# Which entries are shown, and in which order


class BrowseQuery(Struct, frozen=True):
    """A filter by name, and an order."""

    text: str = ""
    """What the name contains; a leading `!` inverts the test."""
    by: str = "size"
    reverse: bool = False

    def of(self, entries: Sequence[BrowsedEntry]) -> tuple[BrowsedEntry, ...]:
        """The entries that pass; they are given by size, the largest first."""
        wanted = self.text.strip().casefold()
        inverse, word = wanted.startswith("!"), wanted.removeprefix("!")
        passing = [each for each in entries if not word or (word in each.name.casefold()) != inverse]
        if self.by == "name":
            passing.sort(key=lambda entry: entry.name)
        return tuple(reversed(passing) if self.reverse else passing)

    @property
    def descending(self) -> bool:
        """Whether the largest, or the last by name, comes first."""
        return (self.by == "size") != self.reverse

    def next_sort(self) -> BrowseQuery:
        """The query in the other order."""
        return replace(self, by="name" if self.by == "size" else "size", reverse=False)


# The entries of a directory as rows


_BAR = 16
_COLUMNS = (
    TableColumn("name", "name", 80, flexible=True),
    TableColumn("size", "disk", 6, align="right"),
    TableColumn("share", "share", 5, align="right", priority=1),
    TableColumn("bar", "", _BAR, priority=3),
    TableColumn("frees", "frees", 6, align="right", priority=1),
    TableColumn("entries", "entries", 9, align="right", priority=2),
)


class BrowseModel:
    """Entries in the order given; the key of a row is the name."""

    def __init__(self, entries: Sequence[BrowsedEntry], directory: BrowsedEntry, *, glyphs: Glyphs = UNICODE) -> None:
        """The shares are those of `directory`, which contains the entries."""
        self._entries = entries
        self._total = directory.bytes or 1
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return _COLUMNS

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> str:
        """The name."""
        return self._entries[index].name

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        entry = self._entries[index]
        if entry.nested:
            return Text(f"{sanitize(entry.name)}/", styles.DIM), *(Text(),) * (len(_COLUMNS) - 1)
        share = min(1.0, entry.bytes / self._total)
        return (
            _name(entry),
            Text(short_bytes(entry.bytes)),
            Text(f"{share:.0%}".replace("%", " %"), styles.DIM),
            Text(self._glyphs.bar * round(share * _BAR), styles.DIM),
            Text(short_bytes(entry.frees)),
            Text(f"{entry.entries:,}" if entry.kind == "directory" else self._glyphs.nothing, styles.DIM),
        )


def _name(entry: BrowsedEntry) -> Text:
    name = sanitize(entry.name)
    if entry.kind == "directory":
        return Text(f"{name}/", styles.STRONG)
    return Text(name) if entry.kind == "file" else Text.assemble(name, (f" ({entry.kind})", styles.DIM))


# Lines above and below the rows


def path_line(name: str, path: str, directory: BrowsedEntry, glyphs: Glyphs, width: int) -> Text:
    """Where the user is, and the size of everything there: `nlp-exp / lib / python3.11   412 M, frees 96 M`."""
    sums = f"  {short_bytes(directory.bytes)}, frees {short_bytes(directory.frees)}"
    where = " / ".join(filter(None, (sanitize(name), *map(sanitize, path.split("/")))))
    return Text.assemble((shorten_middle(where, max(1, width - len(sums)), glyphs.ellipsis), styles.STRONG), sums)


def entry_text(
    entry: BrowsedEntry, path: str, owner: PackageRecord | Distribution | None, glyphs: Glyphs = UNICODE
) -> Text:
    """The path of an entry, whose it is, and what deleting it alone would free."""
    return Text("\n").join(
        (Text(sanitize(path), styles.STRONG), Text(_whose(entry, path, owner)), _frees(entry, glyphs))
    )


def _whose(entry: BrowsedEntry, path: str, owner: PackageRecord | Distribution | None) -> str:
    if entry.nested:
        return "another environment or a package cache: it is measured by itself"
    if entry.kind == "directory":
        return f"{counted(entry.entries, 'entry', 'entries')} below it"
    if isinstance(owner, PackageRecord):
        return f"belongs to {sanitize(owner.name)} {sanitize(owner.version)}, by conda's record"
    if owner is not None:
        return f"belongs to {sanitize(owner.name)} {sanitize(owner.version)}, by the record of pip"
    return "conda's own records" if path.startswith("conda-meta/") else "no package has recorded it"


def _frees(entry: BrowsedEntry, glyphs: Glyphs) -> Text:
    frees, shared = format_bytes(entry.frees), entry.bytes - entry.frees
    kept = f" {glyphs.separator} {format_bytes(shared)} stays: it has other hard links" if shared else ""
    return Text(f"deleting it alone frees {frees}{kept}", styles.DIM) if not entry.nested else Text()

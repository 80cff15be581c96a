"""Environments side by side: columns, rows, and what differs."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.package import ProvidedDistribution

MOST_COLUMNS = 20
"""More than that nobody can read."""

ColumnKind = Literal["environment", "environment file", "explicit list", "lock file", "package list"]
"""What a column was read from."""

Source = Literal["conda", "pypi"]
"""Who installed a package, and so by whose rules its version is read."""

Status = Literal["missing", "version", "build", "channel", "same"]
"""How the cells of a row differ; the first that holds."""

Sign = Literal["=", "≠", "↑", "↓", "+", "−"]
"""A cell against the reference: same, other, newer, older, only here, only there."""


class Column(Struct, frozen=True, kw_only=True):
    """One thing that is compared: an environment, or a file that describes one."""

    label: str
    kind: ColumnKind = "environment"
    prefix: str | None = None
    """Of an environment, or the one that a package list says it was made from."""
    file: str | None = None
    left_out: tuple[str, ...] = ()
    """Lines of the file that say nothing about a package, or nothing that could be understood."""


class Cell(Struct, frozen=True, kw_only=True):
    """One package in one column. What a file does not state is empty, and then it is not compared."""

    name: str
    """As this column calls it: the row may have another name for it."""
    source: Source
    version: str = ""
    """Empty if the column only has a constraint."""
    build: str = ""
    """conda's build string (a file's may be a pattern: `py311*`), or the commit that pip installed."""
    build_number: int | None = None
    constraint: str = ""
    """What a file asks for, where that is not one version: `>=1.2,<2`, or `*` for any."""
    satisfied: bool | None = None
    """Whether every other version in the row meets the constraint; None if there is nothing that can be checked."""
    channel: str = ""
    """Short name."""
    base_url: str | None = None
    """What channels are told apart by."""
    url: str | None = None
    """Credentials masked."""
    subdir: str = ""
    md5: str = ""
    sha256: str = ""
    bytes: int = 0
    """Installed, as the records state it."""
    license: str = ""
    requested: bool = False
    replaced: str = ""
    """The version and build that conda still states though pip has replaced the files; empty if it has not."""


class Entry(Struct, frozen=True, kw_only=True):
    """A cell before it has found its row."""

    cell: Cell
    package: str = ""
    """conda's name for it, also where pip has replaced it; empty for what only pip knows."""
    provides: tuple[ProvidedDistribution, ...] = ()
    """The Python distributions that a conda package ships."""
    known: bool = False
    """Whether `provides` is all that it ships. Of a package in a file nobody knows, nor of one without files."""


class Listing(Struct, frozen=True, kw_only=True):
    """All that one column has, before it is compared."""

    column: Column
    entries: tuple[Entry, ...] = ()


class Row(Struct, frozen=True, kw_only=True):
    """One package in all columns."""

    name: str
    """conda's name where a conda package is among the cells, else pip's canonical one."""
    status: Status
    requested: bool
    """Whether the user asked for it in any of the columns."""
    cells: tuple[Cell | None, ...]
    """One a column; None where it is missing."""
    signs: tuple[Sign, ...]
    """One a cell, against the reference."""


class Summary(Struct, frozen=True, kw_only=True):
    """How many rows have which status."""

    same: int = 0
    version: int = 0
    build: int = 0
    channel: int = 0
    missing: int = 0


class Comparison(Struct, frozen=True, kw_only=True):
    """The matrix of two or more columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    """By name."""
    summary: Summary
    similarity: tuple[tuple[float, ...], ...]
    """A row and a column for each column of the matrix; 1 is the same, 0 has nothing in common."""
    reference: int = 0
    """The column that signs are against."""

"""Records of a comparison: columns, rows, and their differences."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.package import ProvidedDistribution

MOST_COLUMNS = 20
"""More columns would be unreadable."""

ColumnKind = Literal["environment", "environment file", "explicit list", "lock file", "package list", "spec list"]
"""The source of a column."""

Source = Literal["conda", "pypi"]
"""The installer of a package, which decides the rules for its version."""

Status = Literal["missing", "version", "build", "channel", "same"]
"""How the cells of a row differ; the first of these that applies."""

Sign = Literal["=", "≠", "↑", "↓", "+", "−"]
"""A cell relative to the reference: same, different, newer, older, only here, only there."""


class Column(Struct, frozen=True, kw_only=True):
    """One compared environment, or file that describes one."""

    label: str
    kind: ColumnKind = "environment"
    prefix: str | None = None
    """The prefix of an environment, or the one that a package list names."""
    host: str = ""
    """The other machine that an environment is on, with which its prefix begins."""
    file: str | None = None
    left_out: tuple[str, ...] = ()
    """Lines of the file that name no package, are for other machines, or could not be understood."""


class Cell(Struct, frozen=True, kw_only=True):
    """One package in one column. A field that a file does not state is empty and not compared."""

    name: str
    """The name in this column; the row may use another name."""
    source: Source
    version: str = ""
    """Empty if the column only has a constraint."""
    build: str = ""
    """conda's build string (a file's may be a pattern: `py311*`), or the commit that pip installed."""
    build_number: int | None = None
    build_numbers: str = ""
    """The constraint of a file on the build number: `0`, `>=2`."""
    constraint: str = ""
    """The constraint of a file that names no single version: `>=1.2,<2`, or `*` for any."""
    satisfied: bool | None = None
    """Whether every other version in the row meets the constraint; None if nothing can be checked."""
    channel: str = ""
    """Short name."""
    base_url: str | None = None
    channel_identity: str = ""
    """What all URLs of its channel have in common, of a multichannel each member's, `|` between them; or empty."""
    url: str | None = None
    """Credentials masked."""
    subdir: str = ""
    md5: str = ""
    sha256: str = ""
    digest: str = ""
    """The md5 or sha256 that a file demands."""
    also: tuple[tuple[str, str], ...] = ()
    """What else a file states of the package: keys, such as `fn`, and values."""
    bytes: int = 0
    """Installed bytes, as the records state them."""
    license: str = ""
    requested: bool = False
    extras: tuple[str, ...] = ()
    """The optional parts of a distribution that a file asks for as well."""
    replaced: str = ""
    """The version and build that conda still states after pip has replaced the files; empty if it has not."""


class Entry(Struct, frozen=True, kw_only=True):
    """A cell that is not assigned to a row yet."""

    cell: Cell
    package: str = ""
    """conda's name, even if pip has replaced the package; empty if only pip knows it."""
    provides: tuple[ProvidedDistribution, ...] = ()
    """The Python distributions that a conda package ships."""
    known: bool = False
    """Whether `provides` is complete, which is unknown for a package in a file and for one without files."""


class Listing(Struct, frozen=True, kw_only=True):
    """The entries of one column, before the comparison."""

    column: Column
    entries: tuple[Entry, ...] = ()
    """Each package once."""
    again: tuple[Entry, ...] = ()
    """What a file asks of packages that it has listed before in another way."""
    bounds: tuple[Entry, ...] = ()
    """What a file only restricts, for what pip installs: it need not be there."""


class Row(Struct, frozen=True, kw_only=True):
    """One package in all columns."""

    name: str
    """conda's name if a cell is a conda package, otherwise pip's canonical name."""
    status: Status
    requested: bool
    """Whether the user requested it in any of the columns."""
    cells: tuple[Cell | None, ...]
    """One cell per column; None where it is missing."""
    signs: tuple[Sign, ...]
    """One sign per cell, relative to the reference."""


class Summary(Struct, frozen=True, kw_only=True):
    """The number of rows with each status."""

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
    """A row and a column for each column of the matrix; 1 means equal, 0 means nothing in common."""
    reference: int = 0
    """The index of the column that signs refer to."""

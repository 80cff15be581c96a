"""The JSON document of a comparison: a public interface, so fields are added but keep their names and meaning."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from condatui_core.records.comparison import Cell, ColumnKind, Comparison, Row, Sign, Source, Status, Summary

# The JSON document of a comparison: a public interface, so fields are added but keep their names and meaning.


class ColumnDocument(Struct, frozen=True, kw_only=True):
    """What is compared."""

    name: str
    prefix: str | None
    """None for a file that does not say which environment it was made from."""
    kind: ColumnKind
    file: str | None
    left_out: tuple[str, ...]
    """Lines of the file that could not be compared."""


class CellDocument(Struct, frozen=True, kw_only=True):
    """One package in one column; what is not stated is null."""

    name: str
    """As this column calls it."""
    version: str | None
    """Null if the column only has a constraint."""
    build: str | None
    channel: str | None
    source: Source
    url: str | None
    bytes: int
    build_number: int | None
    base_url: str | None
    subdir: str | None
    md5: str | None
    sha256: str | None
    license: str | None
    requested: bool
    constraint: str | None
    """What a file asks for, where that is not one version."""
    satisfied: bool | None
    """Whether the versions of the other columns meet it."""
    replaced: str | None
    """What conda still states though pip has replaced it."""


class RowDocument(Struct, frozen=True, kw_only=True):
    """One package in all columns."""

    name: str
    status: Status
    requested: bool
    cells: tuple[CellDocument | None, ...]
    signs: tuple[Sign, ...]
    """Each cell against the reference."""


class ComparisonDocument(Struct, frozen=True, kw_only=True):
    """A comparison."""

    environments: tuple[ColumnDocument, ...]
    reference: int
    """The column that signs are against."""
    summary: Summary
    """Of all rows, also of those that are not among the packages because only some were asked for."""
    packages: tuple[RowDocument, ...]
    similarity: tuple[tuple[float, ...], ...]


def describe_comparison(comparison: Comparison, rows: Sequence[Row]) -> ComparisonDocument:
    """Describe a comparison with some of its rows, or all."""
    return ComparisonDocument(
        environments=tuple(
            ColumnDocument(name=each.label, prefix=each.prefix, kind=each.kind, file=each.file, left_out=each.left_out)
            for each in comparison.columns
        ),
        reference=comparison.reference,
        summary=comparison.summary,
        packages=tuple(map(_row, rows)),
        similarity=comparison.similarity,
    )


def _row(row: Row) -> RowDocument:
    return RowDocument(
        name=row.name,
        status=row.status,
        requested=row.requested,
        cells=tuple(_cell(cell) if cell else None for cell in row.cells),
        signs=row.signs,
    )


def _cell(cell: Cell) -> CellDocument:
    return CellDocument(
        name=cell.name,
        version=cell.version or None,
        build=cell.build or None,
        channel=cell.channel or None,
        source=cell.source,
        url=cell.url,
        bytes=cell.bytes,
        build_number=cell.build_number,
        base_url=cell.base_url,
        subdir=cell.subdir or None,
        md5=cell.md5 or None,
        sha256=cell.sha256 or None,
        license=cell.license or None,
        requested=cell.requested,
        constraint=cell.constraint or None,
        satisfied=cell.satisfied,
        replaced=cell.replaced or None,
    )

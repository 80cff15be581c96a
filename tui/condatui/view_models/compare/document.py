"""The JSON document of a comparison: a public interface, so fields are added but keep their names and meaning."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from condatui_core.records.comparison import Cell, ColumnKind, Comparison, Row, Sign, Source, Status, Summary


class ColumnDocument(Struct, frozen=True, kw_only=True):
    """One column: an environment or a file."""

    name: str
    """The environment's name, of one on another machine after `HOST:`, or the file's."""
    prefix: str | None
    """Null for a file that does not say which environment it was made from."""
    kind: ColumnKind
    """What it was read from."""
    file: str | None
    """Its path; None for an environment of this machine."""
    left_out: tuple[str, ...]
    """The lines of the file that could not be compared."""
    host: str | UnsetType = UNSET
    """The machine that it is on; only with `--snapshots`."""


class CellDocument(Struct, frozen=True, kw_only=True):
    """One package in one column; what the source does not state is null."""

    name: str
    """The name in this column."""
    version: str | None
    """Null if the column has only a constraint."""
    build: str | None
    """conda's build string, or the commit that pip installed."""
    channel: str | None
    """Its short name."""
    source: Source
    """Who installed it."""
    url: str | None
    """Where it came from, credentials masked."""
    bytes: int
    """Installed, as the records state it; 0 if they do not."""
    build_number: int | None
    """Of a conda package."""
    base_url: str | None
    """What channels are told apart by."""
    subdir: str | None
    """The platform directory."""
    md5: str | None
    """Of the archive."""
    sha256: str | None
    """Of the archive."""
    license: str | None
    """As the record states it."""
    requested: bool
    """Whether the user asked for it in this column."""
    constraint: str | None
    """What a file asks for if that is not exactly one version."""
    satisfied: bool | None
    """Whether the versions of the other columns meet it."""
    build_numbers: str | None
    """What a file demands of the build number, such as `>=2`."""
    digest: str | None
    """The md5 or sha256 that a file demands."""
    replaced: str | None
    """The version that conda still records although pip has replaced it."""


class RowDocument(Struct, frozen=True, kw_only=True):
    """One package in all columns."""

    name: str
    """conda's name where a conda package is among the cells, else pip's canonical one."""
    status: Status
    """How the cells differ: the first that holds, in the order missing, version, build, channel, same."""
    requested: bool
    """Whether the user asked for it in any column."""
    cells: tuple[CellDocument | None, ...]
    """One a column; None where it is missing."""
    signs: tuple[Sign, ...]
    """The sign of each cell against the reference."""


class ComparisonDocument(Struct, frozen=True, kw_only=True):
    """A comparison."""

    environments: tuple[ColumnDocument, ...]
    """The columns."""
    reference: int
    """The index of the column that the signs are against."""
    summary: Summary
    """The counts of all rows, including those that a filter leaves out of `packages`."""
    packages: tuple[RowDocument, ...]
    """The rows, by name."""
    similarity: tuple[tuple[float, ...], ...]
    """A row and a column for each column: 1 is the same, 0 has nothing in common."""


def describe_comparison(comparison: Comparison, rows: Sequence[Row]) -> ComparisonDocument:
    """Describe a comparison with some of its rows, or all."""
    return ComparisonDocument(
        environments=tuple(
            ColumnDocument(
                name=each.label,
                prefix=each.prefix and each.prefix.removeprefix(f"{each.host}:"),
                kind=each.kind,
                file=each.file,
                left_out=each.left_out,
                host=each.host or UNSET,
            )
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
        build_numbers=cell.build_numbers or None,
        digest=cell.digest or None,
        replaced=cell.replaced or None,
    )

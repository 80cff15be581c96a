"""Exports of a comparison: Markdown, CSV, the JSON document, single cells and rows as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from condatui.view_models.compare.cells import build_words, version_words
from condatui.view_models.compare.document import describe_comparison
from condatui.view_models.compare.matrix import labels_of, summary_words
from condatui_core.fs.documents import encode
from condatui_core.records.comparison import Cell, Comparison, Row
from condatui_core.text import sanitize


def markdown(comparison: Comparison, rows: Sequence[Row]) -> str:
    """A table with a row for each package, its cells in full, and the summary below it."""
    header = ("package", "status", *labels_of(comparison))
    lines = [_markdown_row(header), _markdown_row("---" for _ in header)]
    lines += [_markdown_row((row.name, row.status, *_filled(cell_words(row), "–"))) for row in rows]
    return "\n".join((*lines, "", summary_words(comparison.summary, "·"), ""))


def comma_separated(comparison: Comparison, rows: Sequence[Row]) -> str:
    """CSV with a header; each column of the comparison becomes three: version, build and channel."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = [f"{label} {part}" for label in labels_of(comparison) for part in ("version", "build", "channel")]
    writer.writerow(("package", "status", "requested", *parts))
    for row in rows:
        cells = (part for cell in row.cells for part in _parts(row, cell))
        writer.writerow((sanitize(row.name), row.status, "yes" if row.requested else "no", *cells))
    return out.getvalue()


def json_document(comparison: Comparison, rows: Sequence[Row]) -> str:
    """The document of `condatui compare --json`."""
    return encode(describe_comparison(comparison, rows)).decode() + "\n"


FORMATS: Mapping[str, Callable[[Comparison, Sequence[Row]], str]] = MappingProxyType(
    {".md": markdown, ".csv": comma_separated, ".json": json_document}
)
"""By the suffix of the file, the function that writes a comparison."""


def cell_words(row: Row) -> tuple[str, ...]:
    """The text of each cell of a row: `2.5.1 py3.10_cuda12.4_0 pytorch`; empty if the package is missing."""
    return tuple(" ".join(filter(None, _parts(row, cell))) for cell in row.cells)


def cell_spec(cell: Cell) -> str:
    """A cell as a spec for conda or pip: `conda-forge::numpy=1.26.4=py311_0`, `torch==2.5.1`."""
    if cell.source == "pypi":
        return f"{cell.name}=={cell.version}" if cell.version else f"{cell.name}{cell.constraint}"
    channel = f"{cell.channel}::" if cell.channel and not cell.channel.startswith("<") else ""
    exact = "=".join(filter(None, (cell.name, cell.version, cell.build)))
    return channel + (exact if cell.version else f"{cell.name}{cell.constraint}")


def row_text(comparison: Comparison, row: Row) -> str:
    """A row in lines: the package, then each column with its cell."""
    pairs = zip(labels_of(comparison), _filled(cell_words(row), "missing"), strict=True)
    return "\n".join((sanitize(row.name), *(f"  {label}: {words}" for label, words in pairs)))


def _parts(row: Row, cell: Cell | None) -> tuple[str, str, str]:
    if cell is None:
        return "", "", ""
    version, build, channel = map(sanitize, (version_words(cell), build_words(row.name, cell), cell.channel))
    return version, build, channel


def _filled(words: Iterable[str], absent: str) -> Iterable[str]:
    return (each or absent for each in words)


def _markdown_row(cells: Iterable[str]) -> str:
    escaped = (sanitize(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"

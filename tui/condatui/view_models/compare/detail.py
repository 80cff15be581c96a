"""The details of one cell: how it differs, where it came from, whether it was requested, what needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.compare.cells import build_words, draw_sign, version_words
from condatui.view_models.compare.matrix import labels_of
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.analyses.builds import describe_build, describe_build_change
from condatui_core.analyses.dependents import dependents
from condatui_core.records.comparison import Cell, Comparison, Row, Sign
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import format_bytes, sanitize

_LABEL = 10
"""The width of a label, in cells."""
_NAMED = 12
"""The largest number of dependents that are named."""

_AGAINST: Mapping[Sign, str] = MappingProxyType(
    {"↑": "newer than", "↓": "older than", "≠": "not the same as", "=": "the same as"}
)


@dataclass(frozen=True, slots=True)
class CellSubject:
    """The cell that the details are about."""

    comparison: Comparison
    row: Row
    column: int
    contents: PrefixContents | None = None
    """The contents of the environment of the column; None for a file."""

    @property
    def cell(self) -> Cell | None:
        """The cell; None if the column lacks the package."""
        return self.row.cells[self.column]

    @property
    def of_reference(self) -> Cell | None:
        """The cell of the reference in the same row."""
        return self.row.cells[self.comparison.reference]


def cell_detail(subject: CellSubject, *, glyphs: Glyphs = UNICODE) -> Text:
    """A few lines about a cell, the most important first."""
    text = _headline(subject, glyphs)
    for label, words in _lines(subject, glyphs):
        # A URL starts its line: after a label, it would be broken in a narrow terminal.
        indent = f"{label:<{_LABEL}}" if label else ""
        text.append(f"\n{indent}", styles.DIM).append(sanitize(words))
    return text


def _headline(subject: CellSubject, glyphs: Glyphs) -> Text:
    """The package, the column, and how the cell differs from the reference."""
    cell, row = subject.cell, subject.row
    where = labels_of(subject.comparison)[subject.column]
    called = f" {sanitize(_called(row, cell))}" if cell else ""
    text = Text.assemble((sanitize(row.name) + called, styles.STRONG), f"{'' if cell else ' is not'} in {where}")
    if subject.column == subject.comparison.reference:
        return text.append(f"  {glyphs.mark} the reference", styles.DIM)
    return text.append(f"  {_against(subject, glyphs)}")


def _called(row: Row, cell: Cell) -> str:
    """The version, after the name if this column has another name for the package."""
    return version_words(cell) if cell.name == row.name else f"{cell.name} {version_words(cell)}"


def _against(subject: CellSubject, glyphs: Glyphs) -> str:
    """How a cell differs from the one in the reference."""
    reference = labels_of(subject.comparison)[subject.comparison.reference]
    cell, other, sign = subject.cell, subject.of_reference, subject.row.signs[subject.column]
    drawn = f"{draw_sign(sign, glyphs)} ".lstrip()
    if other is None:
        return f"{drawn}{reference} has none" if cell else f"and {reference} has none either"
    its = sanitize(_called(subject.row, other))
    return f"{drawn}{_AGAINST[sign]} {its} in {reference}" if cell else f"{drawn}{reference} has {its}"


def _lines(subject: CellSubject, glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    cell = subject.cell
    if cell is None:
        labels = labels_of(subject.comparison)
        yield "it is in", ", ".join(label for label, each in zip(labels, subject.row.cells, strict=True) if each)
        return
    yield from _build(subject, cell, glyphs)
    if cell.replaced:
        yield "replaced", f"conda still says {cell.replaced}, which pip has overwritten"
    if cell.satisfied is not None:
        yield "asks for", f"{cell.constraint}: {'met' if cell.satisfied else 'not met'} by what the others have"
    yield from _reasons(subject, cell)
    if facts := list(_facts(cell)):
        yield "is", f" {glyphs.separator} ".join(facts)
    if cell.channel:
        yield "from", f"{cell.channel}{'' if cell.url else f' {cell.base_url}' if cell.base_url else ''}"
    if cell.url:
        yield "", cell.url
    if cell.md5 or cell.sha256:
        yield ("md5", cell.md5) if cell.md5 else ("sha256", cell.sha256)


def _build(subject: CellSubject, cell: Cell, glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    if not cell.build:
        return
    words = _drawn(describe_build(cell.build), glyphs) if cell.source == "conda" else ""
    yield "build", f"{build_words(subject.row.name, cell)}{f'  {words}' if words else ''}"
    other = subject.of_reference
    if other and other.source == cell.source == "conda" and other.build not in ("", cell.build):
        yield "change", _drawn(describe_build_change(other.build, cell.build), glyphs)


def _drawn(words: str, glyphs: Glyphs) -> str:
    """A text of the core, drawn with the glyphs of this terminal."""
    return words.replace("·", glyphs.separator).replace("→", glyphs.remedy).replace("–", glyphs.nothing)


def _facts(cell: Cell) -> Iterator[str]:
    if cell.bytes:
        yield f"{format_bytes(cell.bytes)} installed"
    if cell.license:
        yield cell.license
    if cell.build_number is not None and cell.source == "conda":
        yield f"build number {cell.build_number}"
    if cell.subdir:
        yield cell.subdir


def _reasons(subject: CellSubject, cell: Cell) -> Iterator[tuple[str, str]]:
    """Whether the user requested the package, and what needs it."""
    contents = subject.contents
    if contents is None:
        if cell.requested:
            yield "asked", "you asked for it"
        return
    spec = dict(contents.history.requested).get(cell.name) or dict(contents.history.requested).get(subject.row.name)
    needing = dependents(contents, cell.name)
    asked = f"you asked for `{spec}`" if spec else "you asked for it" if cell.requested else ""
    if asked:
        yield "asked", asked
    if needing:
        more = f" and {len(needing) - _NAMED} more" if len(needing) > _NAMED else ""
        yield "needed by", f"{', '.join(needing[:_NAMED])}{more}"
    elif not asked:
        yield "needed by", "nothing here"

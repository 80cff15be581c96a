"""All about one cell: how it differs, where it came from, who asked for it and who needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.compare.cells import build_words, sign_of, version_words
from condatui.view_models.compare.matrix import labels_of
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.analyses.builds import describe_build, describe_build_change
from condatui_core.analyses.dependents import dependents
from condatui_core.records.comparison import Cell, Comparison, Row, Sign
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import format_bytes, sanitize

_LABEL = 10
"""Cells for what a line is about."""
_NAMED = 12
"""So many of those that need a package are named."""

_AGAINST: Mapping[Sign, str] = MappingProxyType(
    {"↑": "newer than", "↓": "older than", "≠": "not the same as", "=": "the same as"}
)


@dataclass(frozen=True, slots=True)
class CellSubject:
    """What the detail is of."""

    comparison: Comparison
    row: Row
    column: int
    contents: PrefixContents | None = None
    """What the environment of the column holds; None for a file."""

    @property
    def cell(self) -> Cell | None:
        """The cell itself."""
        return self.row.cells[self.column]

    @property
    def of_reference(self) -> Cell | None:
        """The cell of the same row that it is compared with."""
        return self.row.cells[self.comparison.reference]


def cell_detail(subject: CellSubject, *, signs: Glyphs = UNICODE) -> Text:
    """A few lines about a cell, the most telling first."""
    text = _headline(subject, signs)
    for label, words in _lines(subject, signs):
        # A URL starts its line: behind a label it would break where the terminal is narrow.
        indent = f"{label:<{_LABEL}}" if label else ""
        text.append(f"\n{indent}", styles.DIM).append(sanitize(words))
    return text


def _headline(subject: CellSubject, signs: Glyphs) -> Text:
    """What it is, where, and how it stands to the reference."""
    cell, row = subject.cell, subject.row
    where = labels_of(subject.comparison)[subject.column]
    called = f" {sanitize(_called(row, cell))}" if cell else ""
    text = Text.assemble((sanitize(row.name) + called, styles.STRONG), f"{'' if cell else ' is not'} in {where}")
    if subject.column == subject.comparison.reference:
        return text.append(f"  {signs.mark} the reference", styles.DIM)
    return text.append(f"  {_against(subject, signs)}")


def _called(row: Row, cell: Cell) -> str:
    """The version, behind the name where this column has another one for it."""
    return version_words(cell) if cell.name == row.name else f"{cell.name} {version_words(cell)}"


def _against(subject: CellSubject, signs: Glyphs) -> str:
    """How a cell stands to the one in the reference."""
    reference = labels_of(subject.comparison)[subject.comparison.reference]
    cell, other, sign = subject.cell, subject.of_reference, subject.row.signs[subject.column]
    drawn = f"{sign_of(sign, signs)} ".lstrip()
    if other is None:
        return f"{drawn}{reference} has none" if cell else f"and {reference} has none either"
    its = sanitize(_called(subject.row, other))
    return f"{drawn}{_AGAINST[sign]} {its} in {reference}" if cell else f"{drawn}{reference} has {its}"


def _lines(subject: CellSubject, signs: Glyphs) -> Iterator[tuple[str, str]]:
    cell = subject.cell
    if cell is None:
        labels = labels_of(subject.comparison)
        yield "it is in", ", ".join(label for label, each in zip(labels, subject.row.cells, strict=True) if each)
        return
    yield from _build(subject, cell, signs)
    if cell.replaced:
        yield "replaced", f"conda still says {cell.replaced}, which pip has overwritten"
    if cell.satisfied is not None:
        yield "asks for", f"{cell.constraint}: {'met' if cell.satisfied else 'not met'} by what the others have"
    yield from _reasons(subject, cell)
    if facts := list(_facts(cell)):
        yield "is", f" {signs.separator} ".join(facts)
    if cell.channel:
        yield "from", f"{cell.channel}{'' if cell.url else f' {cell.base_url}' if cell.base_url else ''}"
    if cell.url:
        yield "", cell.url
    if cell.md5 or cell.sha256:
        yield ("md5", cell.md5) if cell.md5 else ("sha256", cell.sha256)


def _build(subject: CellSubject, cell: Cell, signs: Glyphs) -> Iterator[tuple[str, str]]:
    if not cell.build:
        return
    words = _drawn(describe_build(cell.build), signs) if cell.source == "conda" else ""
    yield "build", f"{build_words(subject.row.name, cell)}{f'  {words}' if words else ''}"
    other = subject.of_reference
    if other and other.source == cell.source == "conda" and other.build not in ("", cell.build):
        yield "change", _drawn(describe_build_change(other.build, cell.build), signs)


def _drawn(words: str, signs: Glyphs) -> str:
    """Words of the core in the signs that the terminal has."""
    return words.replace("·", signs.separator).replace("→", signs.remedy).replace("–", signs.nothing)


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
    """Who asked for it and who needs it."""
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
        yield "needed by", "nobody here"

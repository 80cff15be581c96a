"""One cell of a comparison in a given width: a sign, the version, and what else differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType

from packaging.utils import canonicalize_name
from rich.cells import cell_len
from rich.text import Span, Text

from condatui.view_models import styles
from condatui.view_models.format import shorten_middle
from condatui.view_models.glyphs import Glyphs
from condatui_core.records.comparison import Cell, Row, Sign, Status
from condatui_core.text import sanitize

_SIGN = 2
"""Cells for the sign and the space after it."""
_GAP = 2
_VERSION, _BUILD, _CHANNEL = 18, 34, 22
"""The largest widths in cells, so that one very long version does not crowd out the other columns."""
_SHA256 = 64
"""Characters of a sha256; an md5 has half of that."""
_LEAST_BUILD, _LEAST_REST = 12, 9
"""The smallest useful widths, in cells."""

_STYLES: Mapping[Sign, str] = MappingProxyType(
    {"=": styles.DIM, "≠": "magenta", "↑": "green", "↓": "yellow", "+": "green", "−": "red"}
)
_DIFFERING_PART: Mapping[Status, str] = MappingProxyType({"build": "build", "channel": "channel"})
"""By the status of a row, the part in which its cells differ; by default the version."""


@dataclass(frozen=True, slots=True)
class CellLayout:
    """The width of each part of a cell; a part of width 0 is left out."""

    version: int
    build: int
    """If `channel` is 0 and the channel is what differs, it takes this place."""
    channel: int

    @property
    def width(self) -> int:
        """The width of all parts."""
        return _SIGN + self.version + sum(_GAP + part for part in (self.build, self.channel) if part)

    def within(self, width: int) -> CellLayout:
        """The layout within a smaller width: the build shrinks first, then the channel goes, then the build."""
        if width >= self.width:
            return self
        version = min(self.version, max(1, width - _SIGN))
        rest = width - _SIGN - version - _GAP
        build = rest - _GAP - self.channel
        if build >= min(self.build, _LEAST_BUILD):
            return CellLayout(version, build, self.channel)
        if rest >= min(self.build, _LEAST_REST):
            return CellLayout(version, rest, 0)
        return CellLayout(max(1, width - _SIGN), 0, 0)


def layout_of(rows: Iterable[Row], *, whole: bool = False) -> CellLayout:
    """Measure the widths that the cells of all rows need; `whole` sets no limit."""
    cells = {(row.name, cell) for row in rows for cell in row.cells if cell}
    needs = CellLayout(
        version=max((len(version_words(cell)) for _, cell in cells), default=0),
        build=max((len(build_words(name, cell)) for name, cell in cells), default=0),
        channel=max((len(cell.channel) for _, cell in cells), default=0),
    )
    return needs if whole else CellLayout(*map(min, astuple(needs), (_VERSION, _BUILD, _CHANNEL)))


def cell_text(row: Row, column: int, layout: CellLayout, glyphs: Glyphs, *, reference: bool) -> Text:
    """Draw a cell; what equals the reference is dim, what differs is bright and has a sign before it."""
    cell, sign = row.cells[column], row.signs[column]
    if cell is None:
        return Text(draw_sign(sign, glyphs) if sign == "−" else f"  {glyphs.nothing}", _STYLES[sign])
    differs = sign != "=" or (reference and row.status != "same")
    differing = _DIFFERING_PART.get(row.status, "version") if differs else ""
    style = styles.PLAIN if reference else _STYLES[sign]
    line = draw_sign(sign, glyphs).ljust(_SIGN)
    spans = [Span(0, len(line), style)]
    for part, words, width in _parts(row, cell, layout):
        shown = shorten_middle(sanitize(words), width, glyphs.ellipsis)
        spans.append(Span(len(line), len(line) + len(shown), style if part == differing else styles.DIM))
        line += shown + " " * (width - cell_len(shown) + _GAP)
    return Text(line.rstrip(), spans=[span for span in spans if span.style])


def _parts(row: Row, cell: Cell, layout: CellLayout) -> Iterator[tuple[str, str, int]]:
    """The parts of a cell that the layout has room for: name, text and width."""
    words = {"version": version_words(cell), "build": build_words(row.name, cell), "channel": cell.channel}
    differing = _DIFFERING_PART.get(row.status, "version")
    if not layout.build:
        yield differing, words[differing], layout.version
        return
    yield "version", words["version"], layout.version
    second = "channel" if differing == "channel" and not layout.channel else "build"
    yield second, words[second], layout.build
    if layout.channel:
        yield "channel", words["channel"], layout.channel


def draw_sign(sign: Sign, glyphs: Glyphs) -> str:
    """The glyph of a sign; empty for `=`."""
    drawn: dict[Sign, str] = {
        "=": "",
        "≠": glyphs.other,
        "↑": glyphs.newer,
        "↓": glyphs.older,
        "+": glyphs.added,
        "−": glyphs.minus,
    }
    return drawn[sign]


def version_words(cell: Cell) -> str:
    """The version, or else the constraint, followed by `unmet` if the other columns do not meet it."""
    if not cell.constraint:
        return cell.version
    return f"{cell.constraint}{' unmet' if cell.satisfied is False else ''}"


def build_words(name: str, cell: Cell) -> str:
    """The build string; for a package of pip, its own name, the commit, and what it has replaced."""
    if cell.source == "conda":
        return cell.build or _demands(cell)
    called = "" if canonicalize_name(cell.name) == canonicalize_name(name) else f" {cell.name}"
    over = f" over {cell.replaced}" if cell.replaced else ""
    return f"pip{called}{f' {cell.build}' if cell.build else ''}{over}"


def _demands(cell: Cell) -> str:
    """What a file demands of a build beyond its string, in brackets as conda writes it."""
    number = f"build_number={cell.build_numbers}" if cell.build_numbers else ""
    digest = f"{'sha256' if len(cell.digest) == _SHA256 else 'md5'}={cell.digest}" if cell.digest else ""
    stated = ",".join(filter(None, (number, digest)))
    return f"[{stated}]" if stated else ""

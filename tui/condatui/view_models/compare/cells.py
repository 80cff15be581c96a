"""One cell of a comparison in the room there is: a sign, the version, and what else differs."""

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
"""Cells for the sign and what parts it from the version."""
_GAP = 2
_VERSION, _BUILD, _CHANNEL = 18, 34, 22
"""Cells at most: one version of a thousand characters does not push the others out."""
_LEAST_BUILD, _LEAST_REST = 12, 9
"""Cells that say something still."""

_TONES: Mapping[Sign, str] = MappingProxyType(
    {"=": styles.DIM, "≠": "magenta", "↑": "green", "↓": "yellow", "+": "green", "−": "red"}
)
_TELLING: Mapping[Status, str] = MappingProxyType({"build": "build", "channel": "channel"})
"""Which part of a cell differs, by the status of its row; else it is the version."""


@dataclass(frozen=True, slots=True)
class CellLayout:
    """How many cells each part of a cell takes; 0 is that it is left out."""

    version: int
    build: int
    """Where there is no room for the channel, this is for whichever of the two differs."""
    channel: int

    @property
    def width(self) -> int:
        """Cells for all of it."""
        return _SIGN + self.version + sum(_GAP + part for part in (self.build, self.channel) if part)

    def within(self, width: int) -> CellLayout:
        """The same in less room: the build gives way first, then the channel leaves, then the build does."""
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
    """Measure what the cells of all rows need; `whole` sets no limit to it."""
    cells = {(row.name, cell) for row in rows for cell in row.cells if cell}
    needs = CellLayout(
        version=max((len(version_words(cell)) for _, cell in cells), default=0),
        build=max((len(build_words(name, cell)) for name, cell in cells), default=0),
        channel=max((len(cell.channel) for _, cell in cells), default=0),
    )
    return needs if whole else CellLayout(*map(min, astuple(needs), (_VERSION, _BUILD, _CHANNEL)))


def cell_text(row: Row, column: int, layout: CellLayout, signs: Glyphs, *, reference: bool) -> Text:
    """Draw a cell; what is the same as the reference is dim, what differs is bright behind its sign."""
    cell, sign = row.cells[column], row.signs[column]
    if cell is None:
        return Text(sign_of(sign, signs) if sign == "−" else f"  {signs.nothing}", _TONES[sign])
    differs = sign != "=" or (reference and row.status != "same")
    telling = _TELLING.get(row.status, "version") if differs else ""
    tone = styles.PLAIN if reference else _TONES[sign]
    line = sign_of(sign, signs).ljust(_SIGN)
    spans = [Span(0, len(line), tone)]
    for part, words, width in _parts(row, cell, layout):
        shown = shorten_middle(sanitize(words), width, signs.ellipsis)
        spans.append(Span(len(line), len(line) + len(shown), tone if part == telling else styles.DIM))
        line += shown + " " * (width - cell_len(shown) + _GAP)
    return Text(line.rstrip(), spans=[span for span in spans if span.style])


def _parts(row: Row, cell: Cell, layout: CellLayout) -> Iterator[tuple[str, str, int]]:
    """The parts of a cell that there is room for: what it is, its words and its width."""
    words = {"version": version_words(cell), "build": build_words(row.name, cell), "channel": cell.channel}
    telling = _TELLING.get(row.status, "version")
    if not layout.build:
        yield telling, words[telling], layout.version
        return
    yield "version", words["version"], layout.version
    second = "channel" if telling == "channel" and not layout.channel else "build"
    yield second, words[second], layout.build
    if layout.channel:
        yield "channel", words["channel"], layout.channel


def sign_of(sign: Sign, signs: Glyphs) -> str:
    """A sign as this set draws it; what is the same has none."""
    drawn: dict[Sign, str] = {
        "=": "",
        "≠": signs.other,
        "↑": signs.newer,
        "↓": signs.older,
        "+": signs.added,
        "−": signs.minus,
    }
    return drawn[sign]


def version_words(cell: Cell) -> str:
    """The version, or what is asked for where that is not one, with whether the other columns meet it."""
    if not cell.constraint:
        return cell.version
    return f"{cell.constraint}{' unmet' if cell.satisfied is False else ''}"


def build_words(name: str, cell: Cell) -> str:
    """The build string; of pip's, what there is instead: its own name, the commit, what it has replaced."""
    if cell.source == "conda":
        return cell.build
    called = "" if canonicalize_name(cell.name) == canonicalize_name(name) else f" {cell.name}"
    over = f" over {cell.replaced}" if cell.replaced else ""
    return f"pip{called}{f' {cell.build}' if cell.build else ''}{over}"

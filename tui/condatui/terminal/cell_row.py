"""The known cells of a row of the terminal, and the stretches of them that can be sent in one style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from condatui.terminal.cell_style import CellStyle


@dataclass(slots=True)
class Run:
    """Cells side by side that are sent together."""

    y: int
    x: int
    text: str
    style: CellStyle
    """The style of its characters; of nothing but blanks, what a blank shows."""

    @property
    def blank(self) -> bool:
        """Whether any style that shows the same on blanks will do."""
        return not self.text.strip(" ")


@dataclass(slots=True)
class CellRow:
    """The cells of a row, from its left; None is a cell that is not known."""

    characters: list[str | None] = field(default_factory=list)
    styles: list[CellStyle | None] = field(default_factory=list)
    """Of a blank, only what it shows of its style."""

    def copy(self) -> CellRow:
        """The row as it is now."""
        return CellRow([*self.characters], [*self.styles])

    def shows(self, x: int, characters: Sequence[str], styles: Sequence[CellStyle]) -> bool:
        """Whether these characters stand in the cells from the column `x` on."""
        end = x + len(characters)
        return self.characters[x:end] == characters and self.styles[x:end] == styles

    def put(self, x: int, characters: Sequence[str], styles: Sequence[CellStyle]) -> None:
        """Put characters into the cells from the column `x` on."""
        end = x + len(characters)
        if (missing := end - len(self.characters)) > 0:
            self.characters += [None] * missing
            self.styles += [None] * missing
        self.characters[x:end], self.styles[x:end] = characters, styles

    def blot(self, x: int) -> None:
        """Take the cells from the column `x` on as unknown."""
        del self.characters[x:], self.styles[x:]

    def is_known(self, width: int) -> bool:
        """Whether all cells of a row of this width are known."""
        return len(self.characters) == width and None not in self.characters

    def text_in(self, style: CellStyle, start: int, end: int) -> str:
        """What stands between two columns, if all of it is known and can be written in this style; else nothing."""
        characters, blank = self.characters[start:end], style.on_blanks
        cells = zip(characters, self.styles[start:end], strict=True)
        if all(now == (blank if character == " " else style) for character, now in cells):
            return "".join(character for character in characters if character)
        return ""

    def runs_since(self, former: CellRow, y: int) -> Iterator[Run]:
        """The cells that differ from a former row, as few runs as their styles allow; `y` is the number of the row."""
        run: Run | None = None
        for x in self._columns_since(former):
            character, style = self.characters[x], self.styles[x]
            if character is None or style is None:  # a gap that nothing was drawn into
                continue
            if run and run.x + len(run.text) == x and (common := _common(run, character, style)):
                run.text, run.style = run.text + character, common
                continue
            if run:
                yield run
            run = Run(y, x, character, style)
        if run:
            yield run

    def _columns_since(self, former: CellRow) -> Sequence[int]:
        unknown = [None] * (len(self.characters) - len(former.characters))
        before, was = former.characters + unknown, former.styles + unknown
        cells = enumerate(zip(self.characters, before, self.styles, was, strict=False))
        return [x for x, (now, then, style, old) in cells if now != then or (style is not old and style != old)]


def _common(run: Run, character: str, style: CellStyle) -> CellStyle | None:
    """The style in which a run can be written with a further cell; None if there is none."""
    if run.style == style or (character == " " and run.style.on_blanks == style):
        return run.style
    return style if run.blank and style.on_blanks == run.style else None

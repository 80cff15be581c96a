"""The known cells of a row of the terminal, and the stretches of them that can be sent in one style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import cast

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
        for x, stretch, style in self._stretches_since(former):
            start, text = x, stretch
            while text:
                taken = 0
                if run and run.x + len(run.text) == start:
                    taken = _take(run, text, style)
                if not taken:
                    if run:
                        yield run
                    run, taken = Run(y, start, text, style), len(text)
                start, text = start + taken, text[taken:]
        if run:
            yield run

    def _stretches_since(self, former: CellRow) -> Iterator[tuple[int, str, CellStyle]]:
        """The cells that differ from a former row, by column: side by side, of one style, and drawn into."""
        x = 0
        for style, group in groupby(self._styles_since(former)):
            end = x + len([*group])
            if style is not None:
                yield x, "".join(cast("list[str]", self.characters[x:end])), style
            x = end

    def _styles_since(self, former: CellRow) -> Sequence[CellStyle | None]:
        """For each cell that differs from a former row its style, None for the others."""
        if not former.characters:
            return self.styles
        unknown = [None] * (len(self.characters) - len(former.characters))
        before, was = former.characters + unknown, former.styles + unknown
        cells = zip(self.characters, before, self.styles, was, strict=False)
        return [
            style if now != then or (style is not old and style != old) else None for now, then, style, old in cells
        ]


def _take(run: Run, text: str, style: CellStyle) -> int:
    """Let a run go on with as much of a text as can be written in one style with it; returns how much that is."""
    if run.style == style:
        taken = len(text)
    elif run.style.on_blanks == style and text[0] == " ":
        taken = len(text) - len(text.lstrip(" "))
    elif run.blank and style.on_blanks == run.style:
        run.style, taken = style, len(text)
    else:
        return 0
    run.text += text[:taken]
    return taken

"""How a terminal draws a cell, and the shortest control sequence from one style to another (SGR, ECMA-48)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

_SHOWS_ON_BLANKS = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Attributes that a blank shows as well: underlined, reversed, struck out, framed, encircled, overlined."""
_FURTHER = {"5": 2, "2": 4}
"""How many parameters follow 38 or 48, by the first of them: a colour of the palette, or red, green and blue."""
_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}
"""By attribute, what ends it. Of the others not every terminal knows an end."""


class CellStyle(NamedTuple):
    """The attributes and the two colours of a cell, as parameters of SGR; empty where the terminal's own hold."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""

    @property
    def on_blanks(self) -> CellStyle:
        """What a blank shows of this style."""
        return _on_blanks(self)

    def after(self, parameters: str) -> CellStyle:
        """This style after a sequence that sets attributes and colours or resets them all, as Rich's do."""
        return _after(self, parameters)

    def sequence_from(self, former: CellStyle) -> str:
        """The control sequence that makes this style out of a former one; empty if they are the same."""
        return _sequence(former, self)


PLAIN = CellStyle()
"""The style after a reset."""
RESET = "\x1b[0m"
"""The control sequence that ends all attributes and colours."""


@lru_cache(maxsize=1024)
def _on_blanks(style: CellStyle) -> CellStyle:
    return style if style.attributes & _SHOWS_ON_BLANKS else CellStyle(background=style.background)


@lru_cache(maxsize=1024)
def _after(style: CellStyle, parameters: str) -> CellStyle:
    for code in _codes(parameters):
        number = int(code.partition(";")[0] or "0")
        if number == 0:
            style = PLAIN
        elif 30 <= number <= 39 or 90 <= number <= 97:
            style = style._replace(foreground="" if number == 39 else code)
        elif 40 <= number <= 49 or 100 <= number <= 107:
            style = style._replace(background="" if number == 49 else code)
        else:
            style = style._replace(attributes=style.attributes | {code})
    return style


def _codes(parameters: str) -> Iterator[str]:
    """The parameters one by one, those of a colour together."""
    rest = iter(parameters.split(";"))
    for first in rest:
        if first not in ("38", "48"):
            yield first
            continue
        kind = next(rest, "")
        yield ";".join((first, kind, *islice(rest, _FURTHER.get(kind, 1) - 1)))


@lru_cache(maxsize=4096)
def _sequence(former: CellStyle, style: CellStyle) -> str:
    if former == style:
        return ""
    if style == PLAIN:
        return RESET
    anew = ["0", *_added(PLAIN, style)]
    gone = former.attributes - style.attributes
    if not gone <= _ENDS.keys():
        return _sgr(anew)
    ends = {_ENDS[each] for each in gone}
    # What ends one attribute ends another with it.
    left = frozenset(each for each in former.attributes if _ENDS.get(each) not in ends)
    return min(_sgr([*sorted(ends), *_added(former._replace(attributes=left), style)]), _sgr(anew), key=len)


def _added(former: CellStyle, style: CellStyle) -> Iterator[str]:
    """The parameters that set what a former style has not."""
    yield from sorted(style.attributes - former.attributes)
    if style.foreground != former.foreground:
        yield style.foreground or "39"
    if style.background != former.background:
        yield style.background or "49"


def _sgr(codes: Iterable[str]) -> str:
    return f"\x1b[{';'.join(codes)}m"

"""Rich text as the segments of a line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text


def segments_of(text: Text, console: Console, style: Style) -> Iterable[Segment]:
    """A text of one line in its own styles over that of the place it stands in."""
    # Text.render leaves out the style of the text as a whole where no part of it has another.
    own = console.get_style(text.style, default=Style.null())
    return Segment.apply_style(text.render(console), style + own)


def segments_in_turn(text: Text, console: Console, style: Style) -> Iterable[Segment]:
    """The same for a text whose spans follow one another: a third of the work, where there are hundreds a screen."""
    plain, end = text.plain, 0
    base = style + console.get_style(text.style) if text.style else style
    for span in text.spans:
        if span.start > end:
            yield Segment(plain[end : span.start], base)
        yield Segment(plain[span.start : span.end], base + console.get_style(span.style))
        end = span.end
    if end < len(plain):
        yield Segment(plain[end:], base)

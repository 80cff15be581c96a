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

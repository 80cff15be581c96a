"""Numbers, ages and names in the few cells a table has for them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rich.cells import cell_len, get_character_cell_size
from rich.text import Text

from condatui_core.byte_words import scaled, spell_bytes

__all__ = ("format_age", "format_bytes", "shorten_middle", "shorten_text", "spell_age", "spell_bytes")

_VARIATION_SELECTOR = "\ufe0f"  # may make the character before it two cells wide


def format_bytes(count: int) -> str:
    """Bytes for a column: `5.1 G`, `412 M`, `17 B`. Powers of 1000, as `df -H` and disk vendors count."""
    number, prefix = scaled(count)
    return f"{number} {prefix or 'B'}"


def format_age(then: datetime, now: datetime) -> str:
    """The calendar days between two times, counted in the zone of `now`: `today`, `3 d`, `210 d`; from 730 on `2 y`."""
    days = (now.date() - then.astimezone(now.tzinfo).date()).days
    if days <= 0:
        return "today"
    return f"{days} d" if days < 730 else f"{days // 365} y"


def spell_age(then: datetime, now: datetime) -> str:
    """`format_age` for a sentence: `today`, `3 d ago`."""
    age = format_age(then, now)
    return age if age == "today" else f"{age} ago"


def shorten_middle(text: str, cells: int, ellipsis: str = "…") -> str:
    """Cut a text in the middle so that it takes at most so many cells; both its ends stay, the first one longer."""
    if cell_len(text) <= cells:
        return text
    head, tail = _cut(text, cells - cell_len(ellipsis))
    return text[:head] + _fitting(ellipsis, cells) + text[tail:]


def shorten_text(text: Text, cells: int, ellipsis: str = "…", *, cut: Literal["middle", "end"] = "middle") -> Text:
    """`shorten_middle` for a styled text, which keeps its styles; or it loses its end."""
    if text.cell_len <= cells:
        return text
    room = cells - cell_len(ellipsis)
    if cut == "end":
        return Text.assemble(text[: _characters_within(text.plain, room)], _fitting(ellipsis, cells))
    head, tail = _cut(text.plain, room)
    return Text.assemble(text[:head], _fitting(ellipsis, cells), text[tail:])


def _fitting(ellipsis: str, cells: int) -> str:
    return ellipsis if cell_len(ellipsis) <= cells else "." * max(cells, 0)


def _cut(text: str, cells: int) -> tuple[int, int]:
    """Where the head ends and the tail begins, if both together may take so many cells."""
    head = _characters_within(text, cells - cells // 2)
    left = cells - sum(map(_cells, text[:head]))
    tail = len(text) - _characters_within(text[::-1], left)
    while tail < len(text) and not _cells(text[tail]):
        tail += 1  # a combining character belongs to the one before it, which is cut
    return head, max(head, tail)


def _characters_within(text: str, cells: int) -> int:
    """How many of the first characters fit, those included that take no room of their own."""
    used = 0
    for index, character in enumerate(text):
        used += _cells(character)
        if used > cells:
            return index
    return len(text)


def _cells(character: str) -> int:
    return 1 if character == _VARIATION_SELECTOR else get_character_cell_size(character)

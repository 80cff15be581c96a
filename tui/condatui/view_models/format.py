"""Numbers, ages, names, paths and progress in the few cells of a table."""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len, get_character_cell_size
from rich.text import Text

from condatui.view_models.glyphs import Glyphs
from condatui_core.text import sanitize, scaled

if TYPE_CHECKING:
    from condatui_core.records.disk import CacheTool
    from condatui_core.records.job import Progressed


# Numbers, ages and names


_VARIATION_SELECTOR = "\ufe0f"  # may make the character before it two cells wide


def short_bytes(count: int) -> str:
    """Bytes for a column: `5.1 G`, `412 M`, `17 B`. Powers of 1000, as `df -H` and disk vendors count."""
    number, prefix = scaled(abs(count))
    return f"{'-' if count < 0 else ''}{number} {prefix or 'B'}"


def short_count(count: int) -> str:
    """A number for a column: `412 K`, `1.4 M`, `17`. Powers of 1000."""
    return " ".join(filter(None, scaled(count)))


def format_age(then: datetime, now: datetime) -> str:
    """The calendar days between two times, in the zone of `now`: `today`, `3 d`, `210 d`; from 730 on `2.9 y`."""
    days = (now.date() - then.astimezone(now.tzinfo).date()).days
    if days <= 0:
        return "today"
    if days < 730:
        return f"{days} d"
    tenths = days * 10 // 365
    return f"{tenths // 10}.{tenths % 10} y" if tenths < 100 else f"{tenths // 10} y"


def spell_age(then: datetime, now: datetime) -> str:
    """`format_age` for a sentence: `today`, `3 d ago`."""
    age = format_age(then, now)
    return age if age == "today" else f"{age} ago"


def below_home(path: str, home: str) -> str:
    """A path with `~` for the home directory: `~/work/env`; other paths, and names, as they are."""
    return f"~{path[len(home) :]}" if home and path.startswith(f"{home}/") else path


def cache_name(path: str, tool: CacheTool, home: str) -> str:
    """A cache with its tool: `uv cache ~/.cache/uv`; of conda and mamba the path alone."""
    shown = sanitize(below_home(path, home))
    return f"{tool} cache {shown}" if tool else shown


def shorten_middle(text: str, cells: int, ellipsis: str = "…") -> str:
    """Cut the middle out of a text so that it takes at most so many cells; the start that stays is the longer part."""
    if cell_len(text) <= cells:
        return text
    head, tail = _cut(text, cells - cell_len(ellipsis))
    return text[:head] + _fitting(ellipsis, cells) + text[tail:]


def shorten_text(text: Text, cells: int, ellipsis: str = "…", *, cut: Literal["middle", "end"] = "middle") -> Text:
    """Cut a styled text in the middle or at its end, so that it takes at most so many cells."""
    if text.cell_len <= cells:
        return text
    room = cells - cell_len(ellipsis)
    if cut == "end":
        return Text.assemble(text[: _characters_within(text.plain, room)], _fitting(ellipsis, cells))
    head, tail = _cut(text.plain, room)
    return Text.assemble(text[:head], _fitting(ellipsis, cells), text[tail:])


def padded(text: str, cells: int, *, align: Literal["left", "right"] = "left") -> str:
    """A text with spaces after it, or before it, up to so many cells: some characters take two, some take none."""
    room = " " * (cells - cell_len(text))
    return f"{room}{text}" if align == "right" else f"{text}{room}"


_MARK = "\u200e"
"""LEFT-TO-RIGHT MARK. An isolate would say the same, but older terminals take that for a character of one cell."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


def kept_in_place(text: Text) -> Text:
    """A text that stays in its column, where a terminal orders lines by the direction of what is written.

    Without a mark behind a name in Hebrew or Arabic, such a terminal would take the numbers after it for a part of it
    and show them in front. Other texts stay as they are.
    """
    if text.plain.isascii() or not _RIGHT_TO_LEFT.search(text.plain):
        return text
    return Text.assemble(_MARK, text, _MARK)


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
    """How many leading characters fit, including those of width 0."""
    used = 0
    for index, character in enumerate(text):
        used += _cells(character)
        if used > cells:
            return index
    return len(text)


def _cells(character: str) -> int:
    return 1 if character == _VARIATION_SELECTOR else get_character_cell_size(character)


# Durations


def about_minutes(minutes: float) -> str:
    """How long something takes as a rule, roughly: `5 s`, `2 min`."""
    seconds = minutes * 60
    return f"{max(1, round(seconds))} s" if seconds < 59.5 else f"{max(1, round(minutes))} min"


def format_seconds(seconds: float) -> str:
    """`0 s`, `12 s`, `3 min 05`, `2 h 07`; a negative duration, from a clock that was set back, counts as 0."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02}"
    return f"{minutes // 60} h {minutes % 60:02}"


# Paths to paste


def copyable(path: str) -> str:
    """A path to paste; one that is not valid UTF-8 becomes a word that bash and zsh turn back into its bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        quoted = "".join(_quoted(byte) for byte in os.fsencode(path))
        return f"$'{quoted}'"
    return path


def _quoted(byte: int) -> str:
    character = chr(byte)
    return character if (character.isalnum() and byte < 0x80) or character in "/._-" else f"\\x{byte:02x}"


# Progress


_CELLS = 8


def progress_words(progress: Progressed, glyphs: Glyphs) -> str:
    """`█████░░░  62 %` if the total is known, else how much is done: `412 files`, `1.2 G`.

    Before it stands what is being done, if that is told: `downloading numpy-1.26.4  █████░░░  62 %`.
    """
    if not progress.doing:
        return _how_far(progress, glyphs)
    doing = sanitize(progress.doing)
    return f"{doing}  {_how_far(progress, glyphs)}" if progress.total else doing


def _how_far(progress: Progressed, glyphs: Glyphs) -> str:
    if progress.total:
        return share_bar(progress.done / progress.total, glyphs)
    if progress.unit == "bytes":
        return short_bytes(progress.done)
    return f"{progress.done} {progress.unit}"


def share_bar(share: float, glyphs: Glyphs) -> str:
    """A bar and a percentage; a share outside of 0 to 1 counts as the nearer of both."""
    share = min(1.0, max(0.0, share))
    filled = int(share * _CELLS)
    return f"{glyphs.bar * filled}{glyphs.bar_rest * (_CELLS - filled)} {int(share * 100):>3} %"

"""What a service would not need of an environment: a bar for each class, and what there is to say of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, shorten_text
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.slimming import Risk, SlimmedClass, SlimmedPackage, Slimming
from condatui_core.text import counted, percent, sanitize

COLUMNS = (
    TableColumn("label", "what it is", 40, cut="end", flexible=True, comfort=31),
    TableColumn("name", "class", 20, priority=4),
    TableColumn("risk", "risk", 6),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("frees", "frees", 5, align="right", priority=2),
    TableColumn("image", "image", 5, align="right", priority=1),
    TableColumn("files", "files", 6, align="right", priority=3),
    TableColumn("bar", "of the largest", 14, priority=2),
)
_BAR = 14
_RISKS: dict[Risk, str] = {"none": styles.GOOD, "low": styles.PLAIN, "medium": styles.WARNING}
_NAMED = 6
"""The packages of a class that its line names."""


class SlimSubject(Struct, frozen=True):
    """An environment and what is known of what a service would not need."""

    prefix: str
    slimming: Slimming | None = None
    state: Literal["measuring", "measured", "impossible"] = "measuring"
    why: str = ""
    """Why it cannot be measured, in one sentence."""
    detail: str = ""
    """The rest of that: where, and what the system says."""


class SlimModel:
    """The classes with a file as rows, the largest first, and last what stays."""

    def __init__(self, slimming: Slimming | None, *, glyphs: Glyphs = UNICODE) -> None:
        """Without a slimming there are no rows."""
        found = [each for each in slimming.classes if each.files or each.bytes] if slimming else []
        self._packages = slimming.packages if slimming else ()
        self._classes = sorted(found, key=lambda each: (each.name == "kept", -each.bytes, each.name))
        self._largest = max((each.bytes for each in found if each.name != "kept"), default=0) or 1
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._classes)

    def key(self, index: int) -> str:
        """The public name of the class."""
        return self._classes[index].name

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        each = self._classes[index]
        kept = each.name == "kept"
        style = styles.DIM if kept else styles.PLAIN
        return (
            Text(each.label, style),
            Text(each.name, styles.DIM),
            Text("", style) if kept else Text(each.risk, _RISKS[each.risk]),
            Text(short_bytes(each.bytes), style),
            Text(self._glyphs.nothing if kept else short_bytes(each.frees), style),
            Text(short_bytes(each.image_bytes), style),
            Text(str(each.files), style),
            Text() if kept else self._bar(each),
        )

    def lines(self, index: int) -> tuple[Text, Text]:
        """Of a row: why it goes or stays, and which packages it takes as a whole or how many files."""
        each = self._classes[index]
        packages = [one for one in self._packages if one.class_name == each.name]
        return Text(each.why), Text(_packages(packages) if packages else counted(each.files, "file"), styles.DIM)

    def _bar(self, each: SlimmedClass) -> Text:
        filled = min(_BAR, max(1, round(each.bytes / self._largest * _BAR))) if each.bytes else 0
        return Text(self._glyphs.bar * filled, styles.DIM)


def _packages(packages: Sequence[SlimmedPackage]) -> str:
    named = [f"{sanitize(each.name)} {short_bytes(each.bytes)}" for each in packages[:_NAMED]]
    more = len(packages) - len(named)
    return ", ".join((*named, *((f"{more} more",) if more > 0 else ())))


def sum_line(subject: SlimSubject, glyphs: Glyphs, width: int) -> Text:
    """What the whole costs, and what a service would not need of it; or why that is not known."""
    slimming = subject.slimming
    if slimming is None:
        words = subject.why if subject.state == "impossible" else "Looking at every file: this takes a few seconds."
        return shorten_text(Text(sanitize(words), styles.DIM), width, glyphs.ellipsis, cut="end")
    return shorten_text(Text(sum_words(slimming, glyphs)), width, glyphs.ellipsis, cut="end")


def sum_words(slimming: Slimming, glyphs: Glyphs) -> str:
    """Such as `5.1 G on disk · a service needs 3.9 G (76 %) · image 3.5 G of 4.6 G`."""
    kept = slimming.of("kept")
    share = f" ({percent(kept.bytes / slimming.total)})" if slimming.total else ""
    parts = (
        f"{short_bytes(slimming.total)} on disk",
        f"a service needs {short_bytes(kept.bytes)}{share}",
        f"image {short_bytes(kept.image_bytes)} of {short_bytes(slimming.image_bytes)}",
    )
    return f" {glyphs.separator} ".join(parts)


def notes(slimming: Slimming) -> tuple[str, ...]:
    """What cannot travel, and what could not be told, a line each; sanitized."""
    return tuple(
        sanitize(each) for each in (*(f"Cannot travel: {one}" for one in slimming.cannot_travel), *slimming.limits)
    )


def notes_line(subject: SlimSubject, glyphs: Glyphs, width: int) -> Text:
    """The first of the notes, and how many more there are; empty without any."""
    found = notes(subject.slimming) if subject.slimming else ()
    if not found:
        return Text()
    note, *others = found
    more = f" (and {len(others)} more)" if others else ""
    room = max(0, width - len(more) - 2)
    first = shorten_text(Text(f"{glyphs.warning} {note}", styles.WARNING), room, glyphs.ellipsis, cut="end")
    return Text.assemble(first, (more, styles.DIM))

"""Drift between an environment and a file: rows, one line, and in words whether conda can still build the file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import spell_age
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.drift import Drift, DriftKind, Verification
from condatui_core.records.solution import ChannelIndex, Solution
from condatui_core.text import counted, first_of, format_bytes, sanitize

_WORDS: Mapping[DriftKind, str] = {
    "missing": "missing",
    "extra": "too many",
    "version": "other version",
    "build": "other build",
    "channel": "other channel",
}
_STYLES: Mapping[DriftKind, str] = {"missing": "red", "extra": "green"}
_MOST_LINES = 20
"""Lines of a reason, or packages to download, that are shown."""

# Rows


class DriftModel:
    """What differs as rows, by name: a sign, the package, what is there, what is asked for."""

    columns = (
        TableColumn("sign", "", 1),
        TableColumn("name", "package", 40),
        TableColumn("have", "here", 48, flexible=True),
        TableColumn("want", "wanted", 48, flexible=True),
        TableColumn("kind", "", 22, priority=1),
    )

    def __init__(self, drift: Sequence[Drift], glyphs: Glyphs = UNICODE) -> None:
        self._drift = drift
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._drift)

    def key(self, index: int) -> str:
        """The name and who installed it."""
        return f"{self._drift[index].source} {self._drift[index].name}"

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        each, nothing = self._drift[index], self._glyphs.nothing
        source = " of pip" if each.source == "pypi" else ""
        return (
            Text(drift_sign(each.kind, self._glyphs), _STYLES.get(each.kind, styles.WARNING)),
            Text(sanitize(each.name)),
            Text(sanitize(each.have) or nothing),
            Text(sanitize(want_words(each.want)) or nothing),
            Text(f"{_WORDS[each.kind]}{source}", styles.DIM),
        )


def want_words(want: str) -> str:
    """What is asked for: a version or constraint as it is, and in words where any version will do."""
    version, _, channel = want.partition(" ")
    if version != "*":
        return want
    return f"any, from {channel}" if channel else "any"


def drift_sign(kind: DriftKind, glyphs: Glyphs) -> str:
    """The sign of a difference, which says it without colour."""
    return {"missing": glyphs.minus, "extra": glyphs.added}.get(kind, glyphs.other)


# Words


class VerifiedFile(Struct, frozen=True, kw_only=True):
    """What is known of an environment and the file that it was last verified against."""

    file: str
    """Its absolute path."""
    found: Verification | None = None
    """None while it is looked at, or if that was not possible."""
    problem: str = ""
    """Why it was not possible, printable."""


def verified_text(verified: VerifiedFile, glyphs: Glyphs = UNICODE) -> Text:
    """What came of verifying an environment: a sentence, a line for each difference, and what was not compared."""
    name = os.path.basename(verified.file)
    if verified.problem:
        return Text(f"{glyphs.warning} {sanitize(name)}: {verified.problem}", styles.WARNING)
    if (found := verified.found) is None:
        return Text(f"{glyphs.unread} Looking at {sanitize(name)}", styles.DIM)
    glyph, style = (glyphs.warning, styles.WARNING) if found.drift else (glyphs.good, styles.GOOD)
    width = max((cell_len(sanitize(each.name)) for each in found.drift), default=0)
    lines = [
        Text(f"{glyph} {verified_line(found, name)}", style),
        *(_drift_line(each, width, glyphs) for each in found.drift),
        *(Text(f"  not compared: {sanitize(each)}", styles.DIM) for each in found.left_out),
    ]
    return Text("\n").join(lines)


def _drift_line(drift: Drift, width: int, glyphs: Glyphs) -> Text:
    name = sanitize(drift.name)
    sign = Text(f"  {drift_sign(drift.kind, glyphs)} ", _STYLES.get(drift.kind, styles.WARNING))
    have, want = sanitize(drift.have), sanitize(want_words(drift.want))
    said = {"missing": f"missing, wanted {want}", "extra": f"{have}, not asked for"}.get(drift.kind)
    by = " of pip" if drift.source == "pypi" else ""
    return Text.assemble(
        sign, name, " " * (width - cell_len(name) + 2), said or f"{have}, wanted {want}", (by, styles.DIM)
    )


def verified_line(found: Verification, file: str) -> str:
    """What came of it, in a sentence: how much differs, by kind."""
    if not found.drift:
        return f"It is what {sanitize(file)} describes: {counted(found.compared, 'package')} compared."
    counts = Counter(each.kind for each in found.drift)
    kinds = ", ".join(f"{counts[kind]} {words}" for kind, words in _WORDS.items() if counts[kind])
    one = len(found.drift) == 1
    return f"{counted(len(found.drift), 'package')} {'differs' if one else 'differ'} from {sanitize(file)}: {kinds}."


def solution_lines(found: Solution, now: datetime) -> Iterator[str]:
    """Whether conda can still build it: a sentence each, and what it would need."""
    yield _answer(found)
    yield from (f"  {sanitize(line)}" for line in first_of(found.reason, _MOST_LINES))
    if found.to_download:
        size = f", {format_bytes(found.download_bytes)}" if found.download_bytes else ""
        yield f"To download: {counted(len(found.to_download), 'package')}{size}."
        yield from (f"  {sanitize(line)}" for line in first_of(found.to_download, _MOST_LINES))
    yield from (_index(each, now) for each in found.indexes)
    yield from map(sanitize, found.not_part)
    if found.solvable and found.solved:
        yield _compared(found)


def _answer(found: Solution) -> str:
    if found.solved:
        by = "by what is on this machine" if found.offline else "by what its channels have now"
        answers = {
            True: f"conda can build it, {by}.",
            False: f"conda cannot build it, {by}:",
            None: "It cannot be told whether conda can build it:",
        }
        return answers[found.solvable]
    if found.solvable:
        return "Nothing has to be solved or downloaded: every archive is in a package cache."
    if found.solvable is None and found.to_download:
        return "Nothing has to be solved; it takes what no package cache has."
    return "It cannot be built:" if found.solvable is False else "There is nothing to build:"


def _index(index: ChannelIndex, now: datetime) -> str:
    age = f"was current {spell_age(index.at, now)}" if index.at else "is in no cache"
    return f"The index of {sanitize(index.channel)} {age}."


def _compared(found: Solution) -> str:
    if not found.differs:
        return "It would be what is here, as far as conda installs it."
    one = len(found.differs) == 1
    return f"It would not be what is here: {counted(len(found.differs), 'package')} {'differs' if one else 'differ'}."

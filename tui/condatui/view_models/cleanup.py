"""The rows of place 3: what could go, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.table import Column
from condatui.view_models.units import format_bytes, shorten_middle, spell_bytes
from condatui_core.printable import printable
from condatui_core.records.cleanup import Candidate

COLUMNS = (
    Column("mark", "", 1),
    Column("name", "what could go", 44),
    Column("disk", "disk", 6, align="right", priority=2),
    Column("frees", "frees", 6, align="right"),
    Column("why", "why", 80, cut="end", flexible=True),
)
_PATH = 30
"""Cells of a path beside a name."""


class CleanupModel:
    """Candidates as rows, in the order given."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        frees: Mapping[str, int],
        chosen: Collection[str] = (),
        signs: Signs = UNICODE,
        home: str = "",
    ) -> None:
        """`frees` says of each what `df` gains if it alone goes, by key; `chosen` are keys."""
        self._candidates = candidates
        self._uses = Counter(candidate.name for candidate in candidates)
        self._frees = frees
        self._chosen = chosen
        self._signs = signs
        self._home = home

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._candidates)

    def key(self, index: int) -> str:
        """The key of the candidate."""
        return self._candidates[index].key

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row; one that cannot be chosen is dim."""
        candidate = self._candidates[index]
        tone = tones.DIM if candidate.blocked else tones.PLAIN
        return (
            Text(self._signs.mark if candidate.key in self._chosen else ""),
            self._name(candidate, tone),
            Text(format_bytes(candidate.bytes) if candidate.bytes else self._signs.nothing, tone),
            Text(self._freed(candidate), tone),
            self._why(candidate),
        )

    def _freed(self, candidate: Candidate) -> str:
        if candidate.part and candidate.blocked:  # no cleaning takes it, so it never frees anything
            return self._signs.nothing
        frees = self._frees.get(candidate.key)
        return self._signs.unread if frees is None else format_bytes(frees)

    def _name(self, candidate: Candidate, tone: str) -> Text:
        name = Text(printable(self._below_home(candidate.name)), tone)
        if candidate.part or self._uses[candidate.name] > 1:
            path = shorten_middle(printable(self._below_home(candidate.path)), _PATH, self._signs.ellipsis)
            name.append(f" {path}", tones.DIM)
        return name

    def _why(self, candidate: Candidate) -> Text:
        why = printable(f" {self._signs.separator} ".join(candidate.reasons))
        if not candidate.blocked or candidate.blocked in candidate.reasons:
            return Text(why, tones.DIM if candidate.blocked else tones.PLAIN)
        return Text.assemble(
            (f"{self._signs.warning} {printable(candidate.blocked)}", tones.WARNING), (f"  {why}", tones.DIM)
        )

    def _below_home(self, path: str) -> str:
        return f"~{path[len(self._home) :]}" if self._home and path.startswith(f"{self._home}/") else path


def candidate_text(candidate: Candidate, frees: int | None, *, signs: Signs = UNICODE) -> Text:
    """All about one of them, in lines."""
    return Text("\n").join(_lines(candidate, frees, signs))


def _lines(candidate: Candidate, frees: int | None, signs: Signs) -> Iterator[Text]:
    yield Text(printable(candidate.name), tones.STRONG)
    yield Text.assemble(("where  ", tones.DIM), printable(candidate.path))
    said = spell_bytes(candidate.bytes) if candidate.bytes or candidate.part else "not measured yet"
    if frees is not None and not (candidate.part and candidate.blocked):
        said = f"{said} on disk {signs.separator} {spell_bytes(frees)} freed if it alone goes"
    yield Text.assemble(("disk   ", tones.DIM), said)
    for reason in (each for each in candidate.reasons if each != candidate.blocked):
        yield Text.assemble(("why    ", tones.DIM), printable(reason))
    if candidate.blocked:
        yield Text(f"{signs.warning} it stays: {printable(candidate.blocked)}", tones.WARNING)


def choice_line(chosen: Sequence[Candidate], frees: int, *, signs: Signs = UNICODE) -> Text:
    """How much is chosen and what exactly this frees; empty if nothing is."""
    if not chosen:
        return Text()
    alone = sum(each.bytes for each in chosen)
    more = (
        f" (not {spell_bytes(alone)}: the rest is held by others)" if spell_bytes(alone) != spell_bytes(frees) else ""
    )
    they = "it frees" if len(chosen) == 1 else "together they free"
    return Text(f"{len(chosen)} chosen {signs.separator} {they} {spell_bytes(frees)}{more}")

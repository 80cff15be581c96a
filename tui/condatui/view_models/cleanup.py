"""The rows of place 3: what could go, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, shorten_middle
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.analyses.cleanup import CleanupCandidate
from condatui_core.text import format_bytes, sanitize

COLUMNS = (
    TableColumn("mark", "", 1),
    TableColumn("name", "what could go", 44),
    TableColumn("disk", "disk", 6, align="right", priority=2),
    TableColumn("frees", "frees", 6, align="right"),
    TableColumn("why", "why", 80, cut="end", flexible=True),
)
_PATH = 30
"""Cells of a path beside a name."""


class CleanupModel:
    """Candidates as rows, in the order given."""

    def __init__(
        self,
        candidates: Sequence[CleanupCandidate],
        *,
        frees: Mapping[str, int],
        chosen: Collection[str] = (),
        signs: Glyphs = UNICODE,
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
    def columns(self) -> tuple[TableColumn, ...]:
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
        tone = styles.DIM if candidate.blocked else styles.PLAIN
        return (
            Text(self._signs.mark if candidate.key in self._chosen else ""),
            self._name(candidate, tone),
            Text(short_bytes(candidate.bytes) if candidate.bytes else self._signs.nothing, tone),
            Text(self._freed(candidate), tone),
            self._why(candidate),
        )

    def _freed(self, candidate: CleanupCandidate) -> str:
        if candidate.part and candidate.blocked:  # no cleaning takes it, so it never frees anything
            return self._signs.nothing
        frees = self._frees.get(candidate.key)
        return self._signs.unread if frees is None else short_bytes(frees)

    def _name(self, candidate: CleanupCandidate, tone: str) -> Text:
        name = Text(sanitize(self._below_home(candidate.name)), tone)
        if candidate.part or self._uses[candidate.name] > 1:
            path = shorten_middle(sanitize(self._below_home(candidate.path)), _PATH, self._signs.ellipsis)
            name.append(f" {path}", styles.DIM)
        return name

    def _why(self, candidate: CleanupCandidate) -> Text:
        why = sanitize(f" {self._signs.separator} ".join(candidate.reasons))
        if not candidate.blocked or candidate.blocked in candidate.reasons:
            return Text(why, styles.DIM if candidate.blocked else styles.PLAIN)
        return Text.assemble(
            (f"{self._signs.warning} {sanitize(candidate.blocked)}", styles.WARNING), (f"  {why}", styles.DIM)
        )

    def _below_home(self, path: str) -> str:
        return f"~{path[len(self._home) :]}" if self._home and path.startswith(f"{self._home}/") else path


def candidate_text(candidate: CleanupCandidate, frees: int | None, *, signs: Glyphs = UNICODE) -> Text:
    """All about one of them, in lines."""
    return Text("\n").join(_lines(candidate, frees, signs))


def _lines(candidate: CleanupCandidate, frees: int | None, signs: Glyphs) -> Iterator[Text]:
    yield Text(sanitize(candidate.name), styles.STRONG)
    yield Text.assemble(("where  ", styles.DIM), sanitize(candidate.path))
    said = format_bytes(candidate.bytes) if candidate.bytes or candidate.part else "not measured yet"
    if frees is not None and not (candidate.part and candidate.blocked):
        said = f"{said} on disk {signs.separator} {format_bytes(frees)} freed if it alone goes"
    yield Text.assemble(("disk   ", styles.DIM), said)
    for reason in (each for each in candidate.reasons if each != candidate.blocked):
        yield Text.assemble(("why    ", styles.DIM), sanitize(reason))
    if candidate.blocked:
        yield Text(f"{signs.warning} it stays: {sanitize(candidate.blocked)}", styles.WARNING)


def choice_line(chosen: Sequence[CleanupCandidate], frees: int, *, signs: Glyphs = UNICODE) -> Text:
    """How much is chosen and what exactly this frees; empty if nothing is."""
    if not chosen:
        return Text()
    alone = sum(each.bytes for each in chosen)
    more = (
        f" (not {format_bytes(alone)}: the rest is held by others)"
        if format_bytes(alone) != format_bytes(frees)
        else ""
    )
    they = "it frees" if len(chosen) == 1 else "together they free"
    return Text(f"{len(chosen)} chosen {signs.separator} {they} {format_bytes(frees)}{more}")

"""The rows of place 3: what could be removed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import below_home, short_bytes, shorten_middle
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.text import format_bytes, sanitize

COLUMNS = (
    TableColumn("mark", "", 1),
    TableColumn("name", "what could go", 44),
    TableColumn("disk", "disk", 6, align="right", priority=2),
    TableColumn("frees", "frees", 6, align="right"),
    TableColumn("why", "why", 80, cut="end", flexible=True),
)
_PATH = 30
"""The largest width of a path beside a name, in cells."""


class CleanupModel:
    """Cleanup candidates as rows, in the order given."""

    def __init__(
        self,
        candidates: Sequence[CleanupCandidate],
        *,
        frees: Mapping[str, int],
        chosen: Collection[str] = (),
        glyphs: Glyphs = UNICODE,
        home: str = "",
    ) -> None:
        """`frees`: by key, the bytes that `df` gains if only this candidate is removed. `chosen`: keys."""
        self._candidates = candidates
        self._uses = Counter(candidate.name for candidate in candidates)
        self._frees = frees
        self._chosen = chosen
        self._glyphs = glyphs
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
        """The cells of a row; a row that cannot be chosen is dim."""
        candidate = self._candidates[index]
        style = styles.DIM if candidate.blocked else styles.PLAIN
        return (
            Text(self._glyphs.mark if candidate.key in self._chosen else ""),
            self._name(candidate, style),
            Text(short_bytes(candidate.bytes) if candidate.bytes else self._glyphs.nothing, style),
            Text(self._freed(candidate), style),
            self._why(candidate),
        )

    def _freed(self, candidate: CleanupCandidate) -> str:
        if candidate.part and candidate.blocked:  # cleaning never removes it, so it frees nothing
            return self._glyphs.nothing
        frees = self._frees.get(candidate.key)
        return self._glyphs.unread if frees is None else short_bytes(frees)

    def _name(self, candidate: CleanupCandidate, style: str) -> Text:
        name = Text(sanitize(below_home(candidate.name, self._home)), style)
        if candidate.part or self._uses[candidate.name] > 1:
            path = shorten_middle(sanitize(below_home(candidate.path, self._home)), _PATH, self._glyphs.ellipsis)
            name.append(f" {path}", styles.DIM)
        return name

    def _why(self, candidate: CleanupCandidate) -> Text:
        reasons = [each.text for each in candidate.reasons]
        why = sanitize(f" {self._glyphs.separator} ".join(reasons))
        if not candidate.blocked or candidate.blocked in reasons:
            return Text(why, styles.DIM if candidate.blocked else styles.PLAIN)
        return Text.assemble(
            (f"{self._glyphs.warning} {sanitize(candidate.blocked)}", styles.WARNING), (f"  {why}", styles.DIM)
        )


def candidate_text(candidate: CleanupCandidate, frees: int | None, *, glyphs: Glyphs = UNICODE) -> Text:
    """The details of one candidate, in lines."""
    return Text("\n").join(_lines(candidate, frees, glyphs))


def _lines(candidate: CleanupCandidate, frees: int | None, glyphs: Glyphs) -> Iterator[Text]:
    yield Text(sanitize(candidate.name), styles.STRONG)
    yield Text.assemble(("where  ", styles.DIM), sanitize(candidate.path))
    size = format_bytes(candidate.bytes) if candidate.bytes or candidate.part else "not measured yet"
    if frees is not None and not (candidate.part and candidate.blocked):
        size = f"{size} on disk {glyphs.separator} {format_bytes(frees)} freed if only this is removed"
    yield Text.assemble(("disk   ", styles.DIM), size)
    for reason in (each for each in candidate.reasons if each.text != candidate.blocked):
        yield Text.assemble(("why    ", styles.DIM), sanitize(reason.text))
    if candidate.blocked:
        yield Text(f"{glyphs.warning} it stays: {sanitize(candidate.blocked)}", styles.WARNING)


def choice_line(chosen: Sequence[CleanupCandidate], frees: int, *, glyphs: Glyphs = UNICODE) -> Text:
    """How many candidates are chosen and what removing them frees; empty if none is."""
    if not chosen:
        return Text()
    alone = sum(each.bytes for each in chosen)
    more = (
        f" (not {format_bytes(alone)}: the rest is held by others)"
        if format_bytes(alone) != format_bytes(frees)
        else ""
    )
    they = "it frees" if len(chosen) == 1 else "together they free"
    return Text(f"{len(chosen)} chosen {glyphs.separator} {they} {format_bytes(frees)}{more}")

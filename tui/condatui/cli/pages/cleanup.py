"""Print what could go, for people: a row for each, with why, what it frees and what it costs to get back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.format import about_minutes, below_home, short_bytes
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.analyses.cleanup.goal import Goal, in_spite_of_use
from condatui_core.analyses.cleanup.policy import NOT_DECIDED
from condatui_core.records.cleanup import CleanupCandidate, WayBack
from condatui_core.text import counted, format_bytes, sanitize, some_of

_COLUMNS = (
    TableColumn("name", "what could go", 44),
    TableColumn("tier", "tier", 9, priority=2),
    TableColumn("disk", "disk", 5, align="right", priority=1),
    TableColumn("frees", "frees", 6, align="right"),
    TableColumn("why", "why", 60, cut="end", flexible=True),
    TableColumn("back", "way back", 40, cut="end", priority=3),
)


class _CandidateRows:
    """A table model of candidates."""

    columns = _COLUMNS

    def __init__(self, found: Sequence[CleanupCandidate], frees: Mapping[str, int], home: str, glyphs: Glyphs) -> None:
        self._found = found
        self._frees = frees
        self._home = home
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._found)

    def key(self, index: int) -> str:
        return self._found[index].key

    def cells(self, index: int) -> tuple[Text, ...]:
        found = self._found[index]
        style = styles.DIM if found.blocked else styles.PLAIN
        name = found.shown if not found.part else f"{found.shown} {below_home(found.path, self._home)}"
        cells = (name, found.tier, short_bytes(found.bytes), self._freed(found), _why(found), _back(found.way_back))
        return tuple(Text(sanitize(cell), style) for cell in cells)

    def _freed(self, found: CleanupCandidate) -> str:
        frees = self._frees.get(found.key, 0)
        if found.blocked:
            return ""
        if found.frees_at_least:
            return f"{self._glyphs.at_least}{short_bytes(frees)}" if frees > 0 else self._glyphs.nothing
        return short_bytes(frees)


def _back(way_back: WayBack) -> str:
    minutes = f", about {about_minutes(way_back.minutes)}" if way_back.minutes is not None else ""
    return f"{way_back.text}{minutes}"


def _why(found: CleanupCandidate) -> str:
    told = [*(each.text for each in found.reasons if each.text != found.blocked), found.caution]
    reasons = "; ".join(filter(None, told))
    if found.blocked:
        return f"stays: {found.blocked}{'; ' if reasons else ''}{reasons}"
    return f"{reasons}; only by hand: {found.only_by_hand}" if found.only_by_hand else reasons


def print_candidates(invocation: Invocation, found: Sequence[CleanupCandidate], frees: Mapping[str, int]) -> None:
    """Print what could go, in its order, and how to go on."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    if not found:
        printer.text(Text("Nothing could go."))
        return
    printer.table(_CandidateRows(found, frees, str(invocation.home), printer.glyphs))
    printer.text(Text("\n`--free SIZE` chooses the least regrettable of these that free so much.", styles.DIM))


def print_goal(
    invocation: Invocation,
    goal: Goal,
    chosen: Sequence[CleanupCandidate],
    frees: Mapping[str, int],
    *,
    has_goal: bool,
    not_decided: Sequence[CleanupCandidate] = (),
    broken_rules: Sequence[str] = (),
) -> None:
    """Print what was chosen, what it comes to, and what a policy leaves open."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    if chosen:
        printer.table(_CandidateRows(chosen, frees, str(invocation.home), printer.glyphs))
    of = f"{format_bytes(goal.wanted)} are wanted: " if has_goal else ""
    points = f" - about {format_bytes(goal.restore_points)} of restore points" if goal.restore_points else ""
    frees_words = f"frees {'at least ' if goal.at_least else ''}{format_bytes(goal.frees)}"
    printer.text(Text(f"{of}{counted(len(chosen), 'row')} chosen, {frees_words}{points}"))
    undecided = [f"{NOT_DECIDED} of {some_of([each.shown for each in not_decided])}"] if not_decided else []
    spite = filter(None, (in_spite_of_use(goal),))
    for line in (*goal.in_the_way, *spite, *undecided, *broken_rules):
        printer.text(Text(f"  {sanitize(line)}", styles.WARNING))

"""The least regrettable set of candidates that reaches a goal, and what stands in the way of one that is out of reach.

Candidates are taken in the order of `TIERS`, the ranking of `ranking.py`, until the goal is reached; then each one
without which it would still be reached is dropped, the most regrettable first. What a set frees is asked for each set:
files with several links make it more, or less, than the sum of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.records.cleanup import CleanupCandidate, CleanupChoice
from condatui_core.text import counted, format_bytes


class Goal(Struct, frozen=True, kw_only=True):
    """How far the least regrettable candidates get towards a goal."""

    wanted: int
    """The bytes to free."""
    chosen: tuple[str, ...] = ()
    """The keys of the candidates, the least regrettable first."""
    frees: int = 0
    """The bytes that they free, restore points not counted."""
    restore_points: int = 0
    """The bytes that their restore points may take on the same file system."""
    in_the_way: tuple[str, ...] = ()
    """If it is not reached: how far it gets, and what stands in the way, one line each."""

    @property
    def net(self) -> int:
        """The bytes freed, less those of restore points."""
        return self.frees - self.restore_points

    @property
    def reached(self) -> bool:
        """Whether that is enough."""
        return self.net >= self.wanted


def reach(
    candidates: Sequence[CleanupCandidate],
    wanted: int,
    *,
    frees: Callable[[CleanupChoice], int],
    counts_points: bool = True,
    weak: bool = False,
) -> Goal:
    """Choose the least regrettable of ranked candidates that free `wanted` bytes together; never more than needed.

    `counts_points` is False if restore points lie on another file system; `weak` candidates are only taken if a policy
    has allowed their reasons. It asks `frees` about once for each candidate, so call it in a thread.
    """
    eligible = [each for each in candidates if not each.blocked and (weak or each.tier != "weak")]
    search = _Search(frees, counts_points=counts_points)
    chosen = search.without_needless(search.smallest_start(eligible, wanted), wanted)
    goal = Goal(
        wanted=wanted,
        chosen=tuple(each.key for each in chosen),
        frees=frees(choice_of(chosen)),
        restore_points=search.points(chosen),
    )
    if goal.reached:
        return goal
    return Goal(
        wanted=wanted,
        chosen=goal.chosen,
        frees=goal.frees,
        restore_points=goal.restore_points,
        in_the_way=tuple(_in_the_way(goal, candidates, weak=weak)),
    )


class _Search:
    """Looks for sets that free enough."""

    def __init__(self, frees: Callable[[CleanupChoice], int], *, counts_points: bool) -> None:
        self._frees = frees
        self._counts_points = counts_points

    def points(self, chosen: Sequence[CleanupCandidate]) -> int:
        """The bytes of the restore points of a set that count."""
        return sum(each.way_back.kept_bytes for each in chosen) if self._counts_points else 0

    def net(self, chosen: Sequence[CleanupCandidate]) -> int:
        """What a set frees, less its restore points."""
        return self._frees(choice_of(chosen)) - self.points(chosen)

    def smallest_start(self, ranked: list[CleanupCandidate], wanted: int) -> list[CleanupCandidate]:
        """As many of the first as it takes to reach the goal; all if it takes all, or is out of reach."""
        short, enough = 0, len(ranked)
        while enough - short > 1:
            middle = (short + enough) // 2
            if self.net(ranked[:middle]) >= wanted:
                enough = middle
            else:
                short = middle
        return ranked[:enough]

    def without_needless(self, chosen: list[CleanupCandidate], wanted: int) -> list[CleanupCandidate]:
        """Drop each one without which the others still free enough, the most regrettable first, until none is left.

        Out of reach of the goal, those go that free no more than their restore points take.
        """
        enough, dropped = min(wanted, self.net(chosen)), True
        while dropped:
            dropped = False
            for each in reversed(chosen):
                rest = [other for other in chosen if other is not each]
                if (net := self.net(rest)) >= enough:
                    chosen, dropped, enough = rest, True, max(enough, min(net, wanted))
        return chosen


def _in_the_way(goal: Goal, candidates: Sequence[CleanupCandidate], *, weak: bool) -> Iterator[str]:
    yield f"it gets as far as {format_bytes(max(goal.net, 0))} of {format_bytes(goal.wanted)}"
    if goal.restore_points:
        yield f"restore points take about {format_bytes(goal.restore_points)} of what is freed"
    reasons: dict[str, list[CleanupCandidate]] = {}
    for each in candidates:
        if each.blocked and each.bytes:
            reasons.setdefault(each.blocked, []).append(each)
    for blocked, those in sorted(reasons.items(), key=lambda pair: -sum(each.bytes for each in pair[1])):
        yield f"{_sum_of(those)} on disk: {blocked}"
    if not weak and (guesses := [each for each in candidates if each.tier == "weak" and not each.blocked]):
        yield f"{_sum_of(guesses)} on disk could go for weak reasons alone: choose those yourself"


def _sum_of(those: Sequence[CleanupCandidate]) -> str:
    size = format_bytes(sum(each.bytes for each in those))
    return f"{those[0].name}, {size}" if len(those) == 1 else f"{counted(len(those), 'row')}, {size}"

"""The least regrettable set of candidates that reaches a goal, and what stands in the way of one that is out of reach.

Candidates are taken in the order of `TIERS`, the ranking of `ranking.py`, and those that were used in the last days
after all others, until the goal is reached; then each one
without which it would still be reached is dropped, the most regrettable first. What a set frees is asked for each set:
files with several links make it more, or less, than the sum of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.records.cleanup import CleanupCandidate, CleanupChoice
from condatui_core.records.finding import Finding, finding
from condatui_core.text import counted, format_bytes


def may_be_chosen(candidate: CleanupCandidate) -> bool:
    """Whether a goal may choose a candidate, or a policy: nothing blocks it, or leaves it to the user."""
    return not candidate.blocked and not candidate.only_by_hand


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
    at_least: bool = False
    """Whether `frees` is the least that it can be: a merge is among them."""
    used_lately: tuple[str, ...] = ()
    """What was chosen though it was used in the last days, since all else together frees too little, one line each."""
    in_the_way: tuple[str, ...] = ()
    """If it is not reached: how far it gets, and what stands in the way, one line each."""

    @property
    def net(self) -> int:
        """The bytes freed, less those of restore points."""
        return self.frees - self.restore_points

    @property
    def reached(self) -> bool:
        """Whether that is enough, on each file system."""
        return self.net >= self.wanted and not self.in_the_way


def reach(
    candidates: Sequence[CleanupCandidate],
    wanted: int,
    *,
    frees: Callable[[CleanupChoice], int],
    losses: Callable[[CleanupChoice], Mapping[str, int]] = lambda _: {},
    counts_points: bool = True,
    weak: bool = False,
) -> Goal:
    """Choose the least regrettable of ranked candidates that free `wanted` bytes together; never more than needed.

    `losses` says, for the prefixes of a choice, how much less it frees if that one stays; those that it does not name
    are asked for one by one. `counts_points` is False if restore points lie on another file system; `weak` candidates
    are only taken if a policy has allowed their reasons. Call it in a thread.
    """
    eligible = [each for each in candidates if may_be_chosen(each) and (weak or each.tier != "weak")]
    eligible.sort(key=lambda each: bool(each.used_lately))  # in the order that they had: these are regretted most
    search = _Search(frees, losses, counts_points=counts_points)
    chosen = search.without_needless(search.smallest_start(eligible, wanted), wanted)
    goal = Goal(
        wanted=wanted,
        chosen=tuple(each.key for each in chosen),
        frees=frees(choice_of(chosen)),
        restore_points=search.points(chosen),
        at_least=any(each.frees_at_least for each in chosen),
        used_lately=tuple(f"{each.shown}: {each.used_lately}" for each in chosen if each.used_lately),
    )
    return goal if goal.reached else replace(goal, in_the_way=tuple(_in_the_way(goal, candidates, weak=weak)))


def reach_each(goals: Sequence[tuple[str, Goal]], ranked: Sequence[CleanupCandidate]) -> Goal:
    """The goals of several file systems as one: what is chosen on one of them frees nothing on another.

    With several, what stands in the way names the place that stands for the file system.
    """
    chosen = {key for _, goal in goals for key in goal.chosen}
    return Goal(
        wanted=sum(goal.wanted for _, goal in goals),
        chosen=tuple(each.key for each in ranked if each.key in chosen),
        frees=sum(goal.frees for _, goal in goals),
        restore_points=sum(goal.restore_points for _, goal in goals),
        at_least=any(goal.at_least for _, goal in goals),
        used_lately=tuple(line for _, goal in goals for line in goal.used_lately),
        in_the_way=tuple(
            f"on the disk of {place}: {line}" if len(goals) > 1 else line
            for place, goal in goals
            for line in goal.in_the_way
        ),
    )


def short_of(goal: Goal, net: int) -> Finding | None:
    """The warning that a plan frees less net than the goal that its choice seemed to reach; None if it is enough."""
    if not goal.reached or net >= goal.wanted:
        return None
    message = f"The plan frees {format_bytes(max(net, 0))} net, {format_bytes(goal.wanted - net)} short of the goal."
    return finding("goal-missed", "warning", message, "Ask for as much more: files were looked at more closely.")


def in_spite_of_use(goal: Goal) -> str:
    """Why what was used in the last days is among what was chosen; empty if none is."""
    if not goal.used_lately:
        return ""
    return f"all else frees too little, so these go too: {'; '.join(goal.used_lately)}"


def missed_by(wanted: int, net: int) -> str:
    """How far what was freed is from a goal, in words; restore points are taken off it."""
    gained, short = format_bytes(max(net, 0)), format_bytes(wanted - net)
    return f"{gained} were gained net of restore points, {short} short of the goal."


class _Search:
    """Looks for sets that free enough."""

    def __init__(
        self,
        frees: Callable[[CleanupChoice], int],
        losses: Callable[[CleanupChoice], Mapping[str, int]],
        *,
        counts_points: bool,
    ) -> None:
        self._frees = frees
        self._losses = losses
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
        before: list[CleanupCandidate] = []
        while chosen != before:
            before = chosen
            chosen = _Pruning(self, chosen, wanted).pruned()
        return chosen

    def losses(self, chosen: Sequence[CleanupCandidate]) -> dict[str, int]:
        """By key, how much net is lost without one of a set, for those of which one pass over all tells it."""
        lost = self._losses(choice_of(chosen))
        kept = {each.key: each.way_back.kept_bytes if self._counts_points else 0 for each in chosen}
        whole = (each for each in chosen if each.kind in ("environment", "merge") and each.path in lost)
        return {each.key: lost[each.path] - kept[each.key] for each in whole}


class _Pruning:
    """One pass over a set, in which what is needless is dropped.

    What is lost without one of a set is never less than without it of a smaller set, since files have several holders:
    losses of before a drop are bounds, and asked for again only where they do not decide.
    """

    def __init__(self, search: _Search, chosen: list[CleanupCandidate], wanted: int) -> None:
        self._search = search
        self._chosen = chosen
        self._wanted = wanted
        self._net = search.net(chosen)
        """Of what is chosen, or less."""
        self._enough = min(wanted, self._net)
        self._losses = search.losses(chosen)
        self._exact = True

    def pruned(self) -> list[CleanupCandidate]:
        """What is left of the set."""
        for each in reversed(self._chosen):
            if each.key in self._losses:
                self._drop_by_loss(each)
            else:
                self._drop_by_asking(each)
        return self._chosen

    def _drop_by_loss(self, candidate: CleanupCandidate) -> None:
        if self._net - self._losses[candidate.key] < self._enough and not self._exact:
            self._net, self._losses = self._search.net(self._chosen), self._search.losses(self._chosen)
            self._exact = True
        rest = self._net - self._losses[candidate.key]
        if rest >= self._enough:
            self._drop(candidate, rest)

    def _drop_by_asking(self, candidate: CleanupCandidate) -> None:
        rest = self._search.net([each for each in self._chosen if each is not candidate])
        if rest >= self._enough:
            self._drop(candidate, rest)

    def _drop(self, candidate: CleanupCandidate, net: int) -> None:
        self._chosen = [each for each in self._chosen if each is not candidate]
        self._net, self._exact = net, False
        self._enough = max(self._enough, min(net, self._wanted))


def _in_the_way(goal: Goal, candidates: Sequence[CleanupCandidate], *, weak: bool) -> Iterator[str]:
    yield f"it gets as far as {format_bytes(max(goal.net, 0))} of {format_bytes(goal.wanted)}"
    if goal.restore_points:
        yield f"restore points take about {format_bytes(goal.restore_points)} of what is freed"
    reasons: dict[str, list[CleanupCandidate]] = {}
    for each in candidates:
        if (why := each.blocked or each.only_by_hand) and each.bytes:
            reasons.setdefault(why, []).append(each)
    for blocked, those in sorted(reasons.items(), key=lambda pair: -sum(each.bytes for each in pair[1])):
        yield f"{_sum_of(those)} on disk: {blocked}"
    left_out = [each for each in candidates if may_be_chosen(each) and each.tier != "weak" and each.way_back.kept_bytes]
    if costly := [each for each in left_out if each.key not in goal.chosen]:
        yield f"{_sum_of(costly)} on disk: restore points may take as much as would be freed"
    if not weak and (guesses := [each for each in candidates if each.tier == "weak" and may_be_chosen(each)]):
        yield f"{_sum_of(guesses)} on disk could go for weak reasons alone: choose those yourself"


def _sum_of(those: Sequence[CleanupCandidate]) -> str:
    size = format_bytes(sum(each.bytes for each in those))
    return f"{those[0].shown}, {size}" if len(those) == 1 else f"{counted(len(those), 'row')}, {size}"

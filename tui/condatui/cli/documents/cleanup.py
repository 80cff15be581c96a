"""The JSON documents of `condatui cleanup`: what could go, and what was chosen for a goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from condatui_core.analyses.cleanup.goal import Goal
from condatui_core.records.alike import AlikeGroup
from condatui_core.records.cleanup import CleanupCandidate, CleanupKind, CleanupReason, Tier, WayBack
from condatui_core.records.request import Cleanable


class CandidateDocument(Struct, frozen=True, kw_only=True):
    """Something that could go."""

    key: str
    """Its identity; the keys of a goal are these."""
    kind: CleanupKind
    """An environment or what is left of one, a part of a package cache, a Jupyter kernel, what the python of an
    environment no longer reads, a member of a group to merge into its keeper, or files that are stored twice."""
    path: str
    """The prefix, package cache or kernel directory; of files that are stored twice, the first prefix."""
    prefixes: tuple[str, ...]
    """Of files that are stored twice, the environments that have them; otherwise empty."""
    name: str
    """Its name; of an environment that only its prefix identifies, the prefix."""
    tier: Tier
    """How little it is regretted, the least first: cache, relink, leftover, identical, subset, stale, merge, weak."""
    part: Cleanable | None
    """The part of a package cache; null for all else."""
    also: tuple[Cleanable, ...]
    """The parts of the same cache that go along, because they would bring it back."""
    reasons: tuple[CleanupReason, ...]
    """Why it could go, the strongest reason first."""
    bytes: int
    """The bytes that it occupies; of files that are stored twice, those that are too many."""
    frees: int
    """What `df` gains if this alone goes, restore points not counted; negative if a merge may take more."""
    frees_at_least: bool
    """Whether that is the least that it can be: how large a merged environment is, is known only once it is made."""
    way_back: WayBack
    """What it costs to get it back."""
    blocked: str
    """Why it cannot go; empty if it can."""
    only_by_hand: str
    """Why no goal and no policy chooses it, though the user can; empty if they may."""
    instead: str
    """The prefix of the environment that takes its place; empty if none does."""


class CleanupDocument(Struct, frozen=True, kw_only=True):
    """What could go."""

    candidates: tuple[CandidateDocument, ...]
    """The least regrettable first."""
    groups: tuple[AlikeGroup, ...]
    """The groups of alike environments."""


class GoalDocument(Struct, frozen=True, kw_only=True):
    """What was chosen: for a goal, or because a policy allows it."""

    wanted: int | None
    """The bytes to free; null if there is no goal."""
    chosen: tuple[str, ...]
    """The keys of what was chosen, the least regrettable first."""
    frees: int
    """The bytes that it frees, restore points not counted."""
    frees_at_least: bool
    """Whether that is the least that it can be, because a merge is among it."""
    restore_points: int
    """The bytes that restore points may take of that, before compression."""
    net: int
    """The difference."""
    reached: bool
    """Whether that is as much as is wanted."""
    used_lately: tuple[str, ...]
    """What was chosen though it was used in the last days, since all else frees too little, one line each."""
    in_the_way: tuple[str, ...]
    """If it is not: how far it gets and what stands in the way, one line each."""
    not_decided: tuple[str, ...]
    """The keys of what stays only because its last use is not known for sure: the policy may mean it."""
    broken_rules: tuple[str, ...]
    """The rules of the policy for users that are still broken once this is gone, and by how much, one line each."""


class GoalLine(Struct, frozen=True):
    """The line before the plan, with a goal or a policy; the only one if nothing goes."""

    goal: GoalDocument
    """What was chosen."""


def describe_candidates(
    found: Sequence[CleanupCandidate], groups: tuple[AlikeGroup, ...], frees: Mapping[str, int]
) -> CleanupDocument:
    """Describe what could go; `frees` is by key."""
    return CleanupDocument(candidates=tuple(_candidate(each, frees.get(each.key, 0)) for each in found), groups=groups)


def describe_goal(
    goal: Goal, *, has_goal: bool, not_decided: Sequence[CleanupCandidate] = (), broken_rules: Sequence[str] = ()
) -> GoalLine:
    """Describe what was chosen, and what a policy leaves open."""
    return GoalLine(
        GoalDocument(
            wanted=goal.wanted if has_goal else None,
            chosen=goal.chosen,
            frees=goal.frees,
            frees_at_least=goal.at_least,
            restore_points=goal.restore_points,
            net=goal.net,
            reached=goal.reached,
            used_lately=goal.used_lately,
            in_the_way=goal.in_the_way,
            not_decided=tuple(each.key for each in not_decided),
            broken_rules=tuple(broken_rules),
        )
    )


def _candidate(found: CleanupCandidate, frees: int) -> CandidateDocument:
    return CandidateDocument(
        key=found.key,
        kind=found.kind,
        path=found.path,
        prefixes=found.prefixes,
        name=found.name,
        tier=found.tier,
        part=found.part,
        also=found.also,
        reasons=found.reasons,
        bytes=found.bytes,
        frees=frees,
        frees_at_least=found.frees_at_least,
        way_back=found.way_back,
        blocked=found.blocked,
        only_by_hand=found.only_by_hand,
        instead=found.instead,
    )

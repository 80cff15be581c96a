"""What could go of a measured machine, what exactly each choice of it frees, and which choice reaches a goal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from msgspec.structs import replace as replace_fields

from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.analyses.cleanup.goal import Goal, may_be_chosen, reach, reach_each
from condatui_core.analyses.cleanup.policy import PolicyRules
from condatui_core.analyses.cleanup.relinks import Relink, adds_together, relinks_of
from condatui_core.disk.usage import DiskUsage, ManagedSizes
from condatui_core.records.alike import AlikeGroup
from condatui_core.records.cleanup import CleanupCandidate, CleanupChoice
from condatui_core.records.disk import FileSystem
from condatui_core.records.environment import Inventory
from condatui_core.records.policy import Policy

_NOT_WORTH_IT = "its merge may free no more than its restore point takes"


@dataclass(frozen=True, slots=True)
class CleanupSurvey:
    """What could go, as one measurement of the disk tells it; with many files its methods take a while."""

    usage: DiskUsage
    groups: tuple[AlikeGroup, ...]
    """The groups of alike environments; their members also stay for what stands against their going."""
    candidates: tuple[CleanupCandidate, ...]
    """The least regrettable first."""
    counts_points: bool
    """Whether restore points lie on a file system on which something could go, and so count against what it frees."""
    rules: PolicyRules
    """The rules by which the candidates were found."""
    relinks: tuple[Relink, ...] = ()
    """What is stored twice, on each disk."""
    _known: dict[CleanupChoice, int] = field(default_factory=dict, repr=False, compare=False)
    """What choices free, as far as it was asked."""

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        usage: DiskUsage | None,
        groups: tuple[AlikeGroup, ...],
        *,
        counts_points: bool,
        now: datetime,
        user: str,
        policy: Policy | None = None,
        pace: float | None = None,
    ) -> CleanupSurvey:
        """Find what could go; what belongs to others than this user is blocked. Usage is None before a measurement.

        `pace` is in packages a minute; see `pace_of`.
        """
        usage = (usage or DiskUsage(ManagedSizes(Inventory()))).knowing_kernels(inventory.kernels)
        rules = PolicyRules.of(policy or Policy(), inventory.environments, usage.together, now=now, user=user)
        hollow = _hollow(inventory, usage)
        relinks = relinks_of(usage.same_files, usage.copied_by) if usage.graph else ()
        found = candidates(
            usage.added_to(inventory),
            costs=usage.costs,
            together=usage.together,
            groups=[each for each in groups if each.keeper not in hollow],
            caches=usage.caches,
            leftovers=usage.leftovers,
            relinks=[each.candidate for each in relinks],
            policy=policy,
            now=now,
            user=user,
            pace=pace,
        )
        blocked = {each.path: each.blocked for each in found if each.kind in ("environment", "merge")}
        told = (_without_stand_in(each) if each.keeper in hollow else each for each in groups)
        judged = tuple(_with_obstacles(each, blocked) for each in told)
        survey = cls(usage, judged, found, counts_points, rules, relinks)
        return replace(survey, candidates=tuple(map(survey._with_worth, found)))

    def _with_worth(self, candidate: CleanupCandidate) -> CleanupCandidate:
        """The candidate, left to the user if it is a merge that may free nothing, net of its restore point."""
        if candidate.kind != "merge" or candidate.blocked or not self.measured:
            return candidate
        if not self.usage.has_measured((candidate.path, candidate.instead)):  # one has come since: nothing is known yet
            return candidate
        if self.frees([candidate]) > self.kept([candidate]):
            return candidate
        return replace_fields(candidate, only_by_hand=_NOT_WORTH_IT)

    @property
    def measured(self) -> bool:
        """Whether the disk is measured; without that nothing is known to free anything."""
        return self.usage.graph is not None

    def frees(self, chosen: Iterable[CleanupCandidate]) -> int:
        """The bytes that `df` gains if these go, before their restore points; with a merge the least that it can be."""
        return self._frees(choice_of(chosen))

    def _frees(self, choice: CleanupChoice) -> int:
        """Ask for each choice once: that goes through all files."""
        if choice not in self._known:
            paths = {prefixes[0] for prefixes in choice.relinks}
            gone = replace_fields(choice, relinks=())
            joined = adds_together(self.relinks, paths, choice.gone) if paths else 0
            self._known[choice] = self.usage.frees_with_choice(gone) + joined
        return self._known[choice]

    def _losses(self, choice: CleanupChoice) -> Mapping[str, int]:
        """By prefix, how much less the choice frees if that one stays: then its files are joined, too."""
        losses = self.usage.lost_without_one(replace_fields(choice, relinks=()))
        paths, gone = {prefixes[0] for prefixes in choice.relinks}, frozenset(choice.gone)
        if not paths:
            return losses
        joined = adds_together(self.relinks, paths, gone)
        without = ((prefix, adds_together(self.relinks, paths, gone - {prefix})) for prefix in losses)
        return {prefix: losses[prefix] + joined - more for prefix, more in without}

    def frees_in_order(self, chosen: Iterable[CleanupCandidate]) -> Mapping[str, int]:
        """By key, what each of these adds to what those before it free; caches come last, as they are cleaned last."""
        added: dict[str, int] = {}
        before: list[CleanupCandidate] = []
        freed = 0
        for each in sorted(chosen, key=lambda candidate: candidate.kind == "cache"):
            before.append(each)
            together = self.frees(before)
            added[each.key], freed = together - freed, together
        return added

    def kept(self, chosen: Iterable[CleanupCandidate]) -> int:
        """The bytes that their restore points take of that at most."""
        return sum(each.way_back.kept_bytes for each in chosen) if self.counts_points else 0

    def frees_of_groups(self, groups: Iterable[AlikeGroup]) -> int:
        """The bytes that `df` gains if all members of these groups are removed that could go."""
        going = tuple(member.prefix for group in groups for member in group.members if not member.stays)
        return self._frees(CleanupChoice(prefixes=going))

    def reach(self, could: Sequence[CleanupCandidate], wanted: int, *, weak: bool = False) -> Goal:
        """Choose the least regrettable of these that free so many bytes; see `reach` in `goal.py` for `weak`."""
        return reach(
            could,
            wanted,
            frees=self._frees,
            losses=self._losses,
            counts_points=self.counts_points,
            weak=weak,
        )

    def keep_free(
        self, could: Sequence[CleanupCandidate], min_free: int, disks: Sequence[FileSystem], *, weak: bool = False
    ) -> Goal:
        """Choose the least regrettable of these until so many bytes are free on each of these file systems."""
        goals: list[tuple[str, Goal]] = []
        for disk in disks:
            there = [each for each in could if each.path in disk.paths]
            survey = replace(self, counts_points=disk.has_points)
            goals.append((disk.paths[0], survey.reach(there, max(min_free - disk.free, 0), weak=weak)))
        return reach_each(goals, could)

    def everything(self, could: Sequence[CleanupCandidate]) -> Goal:
        """Choose all of these, without a goal, but for parts of caches that free nothing even after the others.

        What only the user chooses is not among them.
        """
        could = [each for each in could if may_be_chosen(each)]
        added = self.frees_in_order(could)
        could = [each for each in could if each.kind != "cache" or added[each.key] or not self.measured]
        keys = tuple(each.key for each in could)
        return Goal(
            wanted=0,
            chosen=keys,
            frees=self.frees(could),
            restore_points=self.kept(could),
            at_least=any(each.frees_at_least for each in could),
        )


def _hollow(inventory: Inventory, usage: DiskUsage) -> frozenset[str]:
    """The environments without most of the files that their records state: they take no other one's place."""
    measured = ((each, usage.uses.get(each.prefix)) for each in inventory.environments)
    return frozenset(each.prefix for each, use in measured if use and 2 * use.apparent < each.managed_bytes)


def _without_stand_in(group: AlikeGroup) -> AlikeGroup:
    """The group whose members stay, as their keeper is hollow."""
    why = "most files of the one that would stay are missing"
    members = (replace_fields(each, stays=each.stays or why) for each in group.members)
    return replace_fields(group, members=tuple(members))


def _with_obstacles(group: AlikeGroup, blocked: Mapping[str, str]) -> AlikeGroup:
    """The group whose members also stay for what stands against their going, by prefix."""
    stays = {each.prefix: each.stays or blocked.get(each.prefix, "") for each in group.members}
    members = (replace_fields(each, stays=stays[each.prefix]) for each in group.members)
    return replace_fields(group, members=tuple(members))

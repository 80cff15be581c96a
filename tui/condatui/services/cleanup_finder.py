"""Finds what could go and what each of it frees, alone, with its group, or all that is chosen together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from condatui.view_models.cleanup.choice import ChoiceSum
from condatui.view_models.cleanup.found import CleanupQuestion, FoundCleanup
from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.analyses.cleanup.goal import Goal, reach

if TYPE_CHECKING:
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.cleanup import CleanupCandidate


def find_cleanup(
    question: CleanupQuestion, groups: tuple[AlikeGroup, ...], is_outdated: Callable[[], bool]
) -> FoundCleanup | None:
    """Find what could go; None once the question is outdated. To be called in a thread: it takes up to seconds."""
    disk = question.disk
    costs, caches, leftovers = (disk.costs, disk.caches, disk.leftovers) if disk else ({}, (), {})
    found = candidates(question.inventory, costs=costs, groups=groups, caches=caches, leftovers=leftovers)
    answer = FoundCleanup(options=question.options, groups=groups, candidates=found)
    return answer if disk is None or disk.graph is None else _measured_answer(answer, disk, is_outdated)


def _measured_answer(answer: FoundCleanup, disk: DiskUsage, is_outdated: Callable[[], bool]) -> FoundCleanup | None:
    """The answer with what each candidate, each group and all together free."""
    frees = dict[str, int]()
    for each in answer.candidates:
        if is_outdated():
            return None
        frees[each.key] = disk.frees_with_choice(choice_of([each]))
    waiting = [each for each in answer.candidates if not each.blocked and each.tier != "weak"]
    return replace(answer, frees=frees, together=_together(answer, disk), waiting=sum_of(waiting, disk).net)


def _together(answer: FoundCleanup, disk: DiskUsage) -> Mapping[str, int]:
    can_go = {each.path: each for each in answer.candidates if each.instead and not each.blocked}
    return {
        group.keeper: disk.frees_with_choice(
            choice_of(can_go[member.prefix] for member in group.members if member.prefix in can_go)
        )
        for group in answer.groups
    }


def sum_of(chosen: Sequence[CleanupCandidate], disk: DiskUsage) -> ChoiceSum:
    """What a choice of candidates comes to. To be called in a thread: thousands of classes of files take a while."""
    return ChoiceSum(disk.frees_with_choice(choice_of(chosen)), sum(each.way_back.kept_bytes for each in chosen))


def reach_goal(candidates: Sequence[CleanupCandidate], wanted: int, disk: DiskUsage) -> Goal:
    """The least regrettable candidates that free so many bytes. To be called in a thread: it tries many choices."""
    return reach(candidates, wanted, frees=disk.frees_with_choice)

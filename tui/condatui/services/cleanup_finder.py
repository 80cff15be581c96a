"""Finds what could go and what each of it frees, alone, with its group, or all that is chosen together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from condatui.view_models.cleanup.choice import ChoiceSum
from condatui.view_models.cleanup.found import CleanupQuestion, FoundCleanup
from condatui_core.analyses.cleanup.goal import may_be_chosen

if TYPE_CHECKING:
    from condatui_core.disk.cleanup import CleanupSurvey
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.cleanup import CleanupCandidate


def find_cleanup(
    question: CleanupQuestion, survey: CleanupSurvey, is_outdated: Callable[[], bool]
) -> FoundCleanup | None:
    """Say what each candidate, each group and all together free; None once the question is outdated.

    To be called in a thread: it takes up to seconds.
    """
    answer = FoundCleanup(options=question.options, survey=survey)
    if not survey.measured:
        return answer
    frees = dict[str, int]()
    for each in survey.candidates:
        if is_outdated():
            return None
        frees[each.key] = survey.frees([each])
    waiting = [each for each in survey.candidates if may_be_chosen(each) and each.tier != "weak"]
    together = {group.keeper: survey.frees(_choosable(group, survey)) for group in survey.groups}
    return replace(answer, frees=frees, together=together, waiting=sum_of(waiting, survey).net)


def _choosable(group: AlikeGroup, survey: CleanupSurvey) -> Iterator[CleanupCandidate]:
    """What choosing a whole group chooses: each of its members is removed, or merged into the keeper."""
    members = {each.prefix for each in group.members}
    of_environments = (each for each in survey.candidates if each.kind in ("environment", "merge"))
    return (each for each in of_environments if each.path in members and may_be_chosen(each))


def sum_of(chosen: Sequence[CleanupCandidate], survey: CleanupSurvey) -> ChoiceSum:
    """What a choice of candidates comes to. To be called in a thread: thousands of classes of files take a while."""
    least = any(each.frees_at_least for each in chosen)
    return ChoiceSum(survey.frees(chosen), survey.kept(chosen), at_least=least)

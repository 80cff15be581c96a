"""Finds what could go and what each of it frees, alone, with its group, or all that is chosen together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
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


def sum_of(
    chosen: Sequence[CleanupCandidate], survey: CleanupSurvey, kept: Mapping[str, int] = MappingProxyType({})
) -> ChoiceSum:
    """What a choice of candidates comes to. To be called in a thread: thousands of classes of files take a while.

    `kept` are the bytes that their restore points keep, by key, of those that were looked at closely.
    """
    least = any(each.frees_at_least for each in chosen)
    seen = [
        replace(each, way_back=replace(each.way_back, kept_bytes=kept[each.key])) if each.key in kept else each
        for each in chosen
    ]
    about = bool(to_look_at(chosen, survey, kept))
    return ChoiceSum(survey.frees(chosen), survey.kept(seen), at_least=least, about=about)


def to_look_at(
    chosen: Sequence[CleanupCandidate], survey: CleanupSurvey, kept: Mapping[str, int]
) -> list[CleanupCandidate]:
    """Those whose restore points count, and of which only the records have told so far what these keep."""
    return [each for each in chosen if survey.counts_points and each.way_back.kept_bytes and each.key not in kept]

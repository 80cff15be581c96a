"""Tell of each environment that is alike to a keeper: to which, how much, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from condatui_core.analyses.environments import with_findings_of
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.records.environment import Inventory, shown_names
from condatui_core.records.finding import Finding
from condatui_core.remedy import SeeDuplicates
from condatui_core.text import counted, first_of, percent, some_of

_MOST = 8
"""The most packages that evidence names with their versions."""


def with_duplicates(inventory: Inventory, groups: Iterable[AlikeGroup]) -> Inventory:
    """The inventory in which each member of a group has a finding that says to what it is alike."""
    groups = tuple(groups)
    names = shown_names(inventory.environments) if groups else {}
    found = {
        member.prefix: (_finding(group, member, names.get(group.keeper, group.keeper)),)
        for group in groups
        for member in group.members
    }
    return with_findings_of(inventory, found, source="alike")


def _finding(group: AlikeGroup, member: AlikeMember, keeper: str) -> Finding:
    return Finding(
        id="duplicate",
        severity="note",
        message=f"alike to {keeper}, {percent(member.similarity)}",
        label=f"{keeper} {percent(member.similarity)}",
        evidence=(relation_words(member), *_details(member), f"{keeper} would stay: {', '.join(group.why)}"),
        remedy=SeeDuplicates(),
        source="alike",
    )


def relation_words(member: AlikeMember) -> str:
    """What a member is to its keeper, in a few words: `identical`, `differs in 4 packages, has 2 more`."""
    if member.relation == "identical":
        return f"identical but for {counted(len(member.builds), 'build')}" if member.builds else "identical"
    if member.relation == "subset":
        return f"a subset: {counted(len(member.lacking), 'package')} fewer"
    parts = (
        (member.differs, f"differs in {counted(len(member.differs), 'package')}"),
        (member.extra, f"has {len(member.extra)} more"),
        (member.lacking, f"lacks {len(member.lacking)}"),
    )
    return ", ".join(words for names, words in parts if names)


def difference_words(difference: PackageDifference) -> str:
    """A package that differs, with both versions: `numpy 1.26.3, there 1.26.4`."""
    if difference.order == "same":
        return f"{difference.name} {difference.member} from another channel"
    return f"{difference.name} {difference.member}, there {difference.keeper}"


def _details(member: AlikeMember) -> Iterator[str]:
    # What the user has asked for matters most.
    differs = sorted(member.differs, key=lambda each: (not each.requested, each.name))
    yield from first_of([*map(difference_words, differs)], _MOST)
    if member.extra:
        yield f"has besides: {some_of(member.extra)}"
    if member.lacking:
        yield f"lacks: {some_of(member.lacking)}"
    if member.builds:
        yield f"other builds: {some_of(member.builds)}"

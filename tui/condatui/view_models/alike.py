"""Alike environments in words: why one stays, and what each of the others has that differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.analyses.alike_machines import machines_of
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.text import counted, sanitize

_MOST = 3
"""The most packages that a line names for one reason."""


def keeper_words(group: AlikeGroup) -> str:
    """How many are alike, and why the keeper stays: `3 alike, keep this: used last, holds all of the others`."""
    return f"{len(group.members) + 1} alike, keep this: {sanitize(', '.join(group.why))}"


def across_words(group: AlikeGroup) -> str:
    """How many are alike on how many machines: `198 alike on 198 machines, 190 of them identical`."""
    identical = 1 + sum(each.relation == "identical" and not each.builds for each in group.members)
    return f"{len(group.members) + 1} alike on {counted(machines_of(group), 'machine')}, {identical} of them identical"


def member_words(member: AlikeMember, glyphs: Glyphs = UNICODE) -> str:
    """What a member is to its keeper, in a line: `subset (12 fewer)`, `differs in 4: numpy ↓1.26.3`.

    An arrow is that of the comparison with the keeper: `↓` is older than the keeper's version.
    """
    if member.relation == "identical":
        builds = f" but for {counted(len(member.builds), 'build')}: {_some(member.builds, glyphs)}"
        return f"identical{builds if member.builds else ''}"
    if member.relation == "subset":
        return f"subset ({len(member.lacking)} fewer)"
    return f" {glyphs.separator} ".join(_differences(member, glyphs)) or "differs"


def _differences(member: AlikeMember, glyphs: Glyphs) -> Iterator[str]:
    if member.differs:
        changed = [difference_words(each, glyphs) for each in requested_first(member.differs)]
        yield f"differs in {len(changed)}: {_some(changed, glyphs)}"
    if member.extra:
        yield f"has {len(member.extra)} more: {_some(member.extra, glyphs)}"
    if member.lacking:
        yield f"lacks {len(member.lacking)}: {_some(member.lacking, glyphs)}"


def requested_first(differences: Iterable[PackageDifference]) -> list[PackageDifference]:
    """The differences, those in packages that the member's user has requested first."""
    return sorted(differences, key=lambda each: not each.requested)


def _some(names: Sequence[str], glyphs: Glyphs) -> str:
    more = (glyphs.ellipsis,) if len(names) > _MOST else ()
    return ", ".join((*map(sanitize, names[:_MOST]), *more))


def difference_words(difference: PackageDifference, glyphs: Glyphs = UNICODE) -> str:
    """A package that differs, with the member's version beside the keeper's: `numpy ↓1.26.3`, older than there."""
    # The record says it of the keeper's version, a line of the member says it of the member's.
    sign = {"older": glyphs.newer, "newer": glyphs.older, "same": glyphs.other}[difference.order]
    return f"{difference.name} {sign}{difference.member}"

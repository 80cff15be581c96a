"""Alike environments in words: why one stays, and what each of the others has that differs."""

from __future__ import annotations

from collections.abc import Iterator

from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.analyses.duplicates import relation_words
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.text import sanitize, some_of

_MOST = 3
"""The most packages that a line names with their versions."""


def keeper_words(group: AlikeGroup) -> str:
    """How many are alike, and why the keeper stays: `3 alike, keep this: used last, holds all of the others`."""
    return f"{len(group.members) + 1} alike, keep this: {sanitize(', '.join(group.why))}"


def member_words(member: AlikeMember, glyphs: Glyphs = UNICODE) -> str:
    """What a member is to its keeper, with the names that matter, in a line."""
    return sanitize(f" {glyphs.separator} ".join(_words(member, glyphs)))


def _words(member: AlikeMember, glyphs: Glyphs) -> Iterator[str]:
    if member.stays:
        yield f"stays: {member.stays}"
    yield relation_words(member)
    yield from _details(member, glyphs)


def _details(member: AlikeMember, glyphs: Glyphs) -> Iterator[str]:
    # What the user of the member asked for matters most.
    differs = sorted(member.differs, key=lambda each: (not each.requested, each.name))
    if differs:
        shown = ", ".join(difference_words(each, glyphs) for each in differs[:_MOST])
        yield f"{shown} and {len(differs) - _MOST} more" if len(differs) > _MOST else shown
    if member.extra:
        yield f"{glyphs.added} {some_of(member.extra)}"
    if member.lacking and member.relation == "differs":
        yield f"{glyphs.minus} {some_of(member.lacking)}"
    if member.builds and member.relation != "differs":
        yield f"builds of {some_of(member.builds)}"


def difference_words(difference: PackageDifference, glyphs: Glyphs = UNICODE) -> str:
    """A package that differs, with the member's version beside the keeper's: `numpy ↓1.26.3`, older than there."""
    # The record says it of the keeper's version, a line of the member says it of the member's.
    sign = {"older": glyphs.newer, "newer": glyphs.older, "same": glyphs.other}[difference.order]
    return f"{difference.name} {sign}{difference.member}"

"""All that is known of one row of the cleanup place, in lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.alike import difference_words, member_words, requested_first
from condatui.view_models.cleanup.rows import OF_GROUPS, CleanupRow
from condatui.view_models.format import about_minutes, below_home
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.records.alike import AlikeGroup, AlikeMember
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, Trust, WayBack
from condatui_core.records.environment import host_of
from condatui_core.records.kernel import Reference
from condatui_core.text import counted, format_bytes, percent, sanitize

_TRUST: Mapping[Trust, str] = {
    "certain": "",
    "likely": "likely, by signs that may mislead",
    "guess": "a guess, by its name alone",
}
_LABEL = 8
"""Cells for the label of a line."""


def row_text(
    row: CleanupRow,
    frees: int | None,
    names: Mapping[str, str],
    references: Iterable[Reference] = (),
    *,
    glyphs: Glyphs = UNICODE,
    home: str = "",
    choose_key: str = "space",
) -> Text:
    """The details of a row, in lines. `frees`: what goes if only this goes, of a heading its whole group.

    `names`: of environments, by prefix. `references`: what names the environment and would lead nowhere without it.
    """
    if row.is_heading and row.group:
        lines = _group_lines(row.group, frees, names, glyphs, merges=row.merges)
    else:
        lines = _lines(row, frees, names, glyphs, choose_key)
    name, *others = lines
    return Text("\n").join(
        (
            name,
            _line("where", _where(row, home)),
            *others,
            *map(partial(_reference, home=home), references),
        )
    )


def _where(row: CleanupRow, home: str) -> str:
    if row.candidate and row.candidate.kind == "relink":
        return f"{counted(len(row.candidate.prefixes), 'environment')} and their package caches"
    return sanitize(below_home(row.candidate.path if row.candidate else row.key, home))


def _reference(reference: Reference, home: str) -> Text:
    if reference.kind == "kernel":
        return _line("named", f"by the Jupyter kernel {sanitize(reference.text)}")
    place = f"{sanitize(below_home(reference.file, home))}:{reference.line}"
    return _line("named", f"in {place}: {sanitize(reference.text.strip())}")


def _group_lines(
    group: AlikeGroup, frees: int | None, names: Mapping[str, str], glyphs: Glyphs, *, merges: bool
) -> Iterator[Text]:
    yield Text(sanitize(names.get(group.keeper, group.keeper)), styles.STRONG)
    for why in () if host_of(group.keeper) else group.why:
        yield _line("stays", sanitize(why))
    if frees is not None:
        least = "at least " if merges else ""
        yield _line(
            "frees",
            f"{least}{format_bytes(frees)} if all that can be chosen of its group are: removed, or merged into it",
        )
    for member in group.members:
        share = f"{percent(member.similarity)} the same: {member_words(member, glyphs)}"
        yield _line("alike", f"{sanitize(names.get(member.prefix, member.prefix))}  {share}")


def _lines(
    row: CleanupRow, frees: int | None, names: Mapping[str, str], glyphs: Glyphs, choose_key: str
) -> Iterator[Text]:
    candidate = row.candidate
    name = candidate.shown if candidate else names.get(row.key, row.key)
    yield Text(sanitize(name), styles.STRONG)
    if candidate is not None:
        yield _line("disk", _size(candidate, frees, names, glyphs))
    if row.member:
        yield _line("why", member_words(row.member, glyphs))
    if candidate is not None:
        if candidate.at_work:
            yield Text(candidate.blocked, styles.DIM)
            return
        yield from _reasons(_told(row, candidate), candidate.blocked)
        if candidate.blocked:
            yield Text(f"{glyphs.warning} it stays: {sanitize(candidate.blocked)}", styles.WARNING)
        elif candidate.only_by_hand:
            yield Text(f"{glyphs.warning} no goal chooses it: {sanitize(candidate.only_by_hand)}", styles.WARNING)
        if candidate.caution:
            yield Text(f"{glyphs.warning} {sanitize(candidate.caution)}", styles.WARNING)
        yield from _choosing(row, candidate, names, choose_key)
        yield from _way_back(candidate, glyphs)
        if row.member and row.member.relation == "differs" and candidate.kind == "environment":
            yield _line("goes", "as it is: only its restore point keeps what differs")
    else:
        yield Text("nothing proposes to remove it", styles.DIM)
    if row.member:
        yield from _member_lines(row.member, glyphs)


def _line(label: str, text: str) -> Text:
    return Text.assemble((label.ljust(_LABEL - 1) + " ", styles.DIM), text)


def _size(candidate: CleanupCandidate, frees: int | None, names: Mapping[str, str], glyphs: Glyphs) -> str:
    size = format_bytes(candidate.bytes) if candidate.bytes or candidate.part else ""
    if frees is None:
        return size or "not measured yet"
    if candidate.kind == "relink":
        return f"{format_bytes(frees)} freed, and nothing is removed"
    if not size and not frees:
        return glyphs.nothing
    if candidate.part and candidate.blocked:
        return size
    how = f"by merging it into {_keeper(candidate, names)}" if candidate.kind == "merge" else "if only this is removed"
    freed = f"{_freed_words(candidate, frees)} {how}"
    return f"{size} on disk {glyphs.separator} {freed}" if size else freed


def _freed_words(candidate: CleanupCandidate, frees: int) -> str:
    if not candidate.frees_at_least:
        return f"{format_bytes(frees)} freed"
    return f"at least {format_bytes(frees)} freed" if frees >= 0 else f"at most {format_bytes(-frees)} more taken"


def _keeper(candidate: CleanupCandidate, names: Mapping[str, str]) -> str:
    return sanitize(names.get(candidate.instead, candidate.instead))


def _told(row: CleanupRow, candidate: CleanupCandidate) -> Iterator[CleanupReason]:
    """The reasons; what a member is to its keeper, the lines about the packages say better."""
    return (each for each in candidate.reasons if row.member is None or each.id not in OF_GROUPS)


def _reasons(reasons: Iterable[CleanupReason], blocked: str) -> Iterator[Text]:
    for reason in reasons:
        if reason.text != blocked:
            trust = f"  ({_TRUST[reason.trust]})" if _TRUST[reason.trust] else ""
            yield Text.assemble(("why".ljust(_LABEL), styles.DIM), sanitize(reason.text), (trust, styles.DIM))
        for line in reason.evidence:
            yield Text(f"{'':{_LABEL}}{sanitize(line)}", styles.DIM)


def _choosing(row: CleanupRow, candidate: CleanupCandidate, names: Mapping[str, str], key: str) -> Iterator[Text]:
    """What choosing a member of a group does."""
    if row.member is None or candidate.blocked:
        return
    if candidate.kind == "merge":
        yield _line(key, f"chooses the merge into {_keeper(candidate, names)}")
    else:
        instead = f": {_keeper(candidate, names)} takes its place" if candidate.instead else ""
        yield _line(key, f"chooses its removal{instead}")


def _way_back(candidate: CleanupCandidate, glyphs: Glyphs) -> Iterator[Text]:
    if words := f" {glyphs.separator} ".join(_back_parts(candidate.way_back)):
        yield _line("back", words)


def _back_parts(back: WayBack) -> Iterator[str]:
    if back.text:  # it has the figures
        yield sanitize(back.text)
    if back.minutes is not None:
        yield f"about {about_minutes(back.minutes)}"


def _member_lines(member: AlikeMember, glyphs: Glyphs) -> Iterator[Text]:
    """How alike it is, then every package in which it differs from its keeper."""
    yield _line("alike", _similarity(member, glyphs))
    for each in requested_first(member.differs):
        requested = f" {glyphs.separator} requested" if each.requested else ""
        keeper = (f"  the keeper has {sanitize(each.keeper)}{requested}", styles.DIM)
        yield Text.assemble(("differs".ljust(_LABEL), styles.DIM), sanitize(difference_words(each, glyphs)), keeper)
    yield from _packages("more", member.extra)
    yield from _packages("fewer", member.lacking)
    yield from _packages("builds", member.builds)


def _similarity(member: AlikeMember, glyphs: Glyphs) -> str:
    parts = [f"{percent(member.similarity)} of the packages are the same"]
    if member.requested_similarity is not None:
        parts.append(f"{percent(member.requested_similarity)} of those requested")
    parts.append(f"{percent(member.build_similarity)} with equal builds")
    return f" {glyphs.separator} ".join(parts)


def _packages(label: str, names: Sequence[str]) -> Iterator[Text]:
    if names:
        yield _line(label, ", ".join(map(sanitize, names)))

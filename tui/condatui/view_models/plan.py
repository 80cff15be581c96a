"""A plan as it is read before it is carried out, and its commands as a shell takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace
from rich.cells import cell_len
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.details.health import findings_text
from condatui.view_models.format import padded
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.remedies import RemedyWords
from condatui_core.records.finding import Finding
from condatui_core.records.job import PackageChange, PackageMove, Plan
from condatui_core.text import counted, format_bytes, sanitize, shell_words

if TYPE_CHECKING:
    from condatui_core.environment_files.export import ExportText


Facts: TypeAlias = Sequence[tuple[str, str]]
"""(label, text) pairs."""

_MOST_EVIDENCE = 3
"""Lines of evidence for one finding."""
_MOST_AGAINST = 40
"""Lines of what stands against a plan: why it cannot be done is to be read as a whole, in a panel that scrolls."""


def plan_text(plan: Plan, *, words: RemedyWords, glyphs: Glyphs = UNICODE, about: Facts = ()) -> Text:
    """What decides first: why it cannot be done, what it costs and gives, what to know; then its steps.

    `words` says the remedies. `about` says why each of what it is for was chosen.
    """
    return Text("\n").join(_lines(plan, words, glyphs, about))


def _lines(plan: Plan, words: RemedyWords, glyphs: Glyphs, about: Facts) -> Iterator[Text]:
    if plan.blockers:
        yield Text("This cannot be done:", styles.STRONG)
        yield findings_text(
            [_in_short(finding, _MOST_AGAINST) for finding in plan.blockers], words=words, glyphs=glyphs
        )
    if sums := plan_sums(plan, glyphs=glyphs):
        yield Text(sums)
    if plan.warnings:
        yield findings_text([_in_short(finding) for finding in plan.warnings], words=words, glyphs=glyphs)
    yield from _moves(plan.moves)
    yield from _facts(about)
    yield from _facts(plan.facts)
    for number, step in enumerate(plan.steps, 1):
        yield Text.assemble((f"{number:>2} ", styles.DIM), sanitize(step.title))
        if step.argv:
            yield Text(f"   $ {shell_words(step.argv)}", styles.DIM)


def preview_text(export: ExportText, glyphs: Glyphs) -> Text:
    """What an export will say; before it one line on what it cannot say, which the plan says in full."""
    notes = export.notes
    said = f"{len(notes)} things it cannot carry: the plan says which" if len(notes) > 1 else "".join(notes)
    head = [Text(f"{glyphs.warning} {sanitize(said)}", styles.WARNING)] if notes else []
    return Text("\n").join((*head, *(Text(line, styles.DIM) for line in printable_lines(export.text))))


def plan_sums(plan: Plan, *, glyphs: Glyphs = UNICODE) -> str:
    """Packages and bytes in one line: `212 packages · needs 1.2 GB · frees 96 MB`."""
    parts = [counted(plan.packages, "package")] if plan.packages else []
    if plan.bytes_needed:
        least = "at least " if plan.needs_at_least else ""
        parts.append(f"needs {least}{format_bytes(plan.bytes_needed)} on the disk")
    if plan.needs_at_least:
        parts.append("what pip installs is not measured")
    if plan.bytes_freed is not None and plan.bytes_freed >= 0:
        parts.append(f"frees {'at least ' if plan.frees_at_least else ''}{format_bytes(plan.bytes_freed)}")
    elif plan.bytes_freed is not None:
        most = "at most " if plan.frees_at_least else ""
        parts.append(f"takes {most}{format_bytes(-plan.bytes_freed)} more than it frees")
    return f" {glyphs.separator} ".join(parts)


def plan_commands(plan: Plan) -> str:
    """The commands of a plan, a line each, to run by hand; not printable by itself. Empty if it has none."""
    return "\n".join(shell_words(step.argv) for step in plan.steps if step.argv)


def _in_short(finding: Finding, most: int = _MOST_EVIDENCE) -> Finding:
    """The finding with as much of its evidence as leaves room for the rest of a plan."""
    more = len(finding.evidence) - most
    if more <= 0:
        return finding
    return replace(finding, evidence=(*finding.evidence[:most], f"and {more} more"))


_CHANGES: tuple[tuple[PackageChange, str], ...] = (
    ("gone", "not there any more"),
    ("down", "older"),
    ("up", "newer"),
    ("build", "other build"),
    ("new", "new"),
)


def _moves(moves: Sequence[PackageMove]) -> Iterator[Text]:
    """What becomes of packages for a user, a line for each kind of change; a star marks what was requested."""
    for change, label in _CHANGES:
        found = [each for each in moves if each.change == change]
        if found:
            shown = ", ".join(map(_move_words, found))
            yield Text.assemble((f"{label}: ", styles.DIM), sanitize(shown))
    if any(each.requested for each in moves):
        yield Text("* asked for by the user", styles.DIM)


def _move_words(move: PackageMove) -> str:
    star = "*" if move.requested else ""
    versions = dict.fromkeys(filter(None, (move.before, move.after)))
    return f"{move.name}{star} {' to '.join(versions)}"


def _facts(facts: Facts) -> Iterator[Text]:
    width = max((cell_len(sanitize(label)) for label, _ in facts), default=0)
    for label, said in facts:
        first, *more = printable_lines(said) or [""]
        yield Text.assemble((f"{padded(sanitize(label), width)}  ", styles.DIM), first)
        for line in more:
            yield Text(f"{'':{width}}  {line}")


def printable_lines(text: str) -> list[str]:
    """The lines of a foreign text, each made safe to show."""
    return [sanitize(line) for line in text.splitlines()]

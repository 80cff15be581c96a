"""The health of an environment: its findings with evidence and remedies, its last use, its unreadable files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.blocks import TextBlock, joined
from condatui.view_models.format import spell_age
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.remedies import RemedyWords
from condatui.view_models.verification import VerifiedFile, verified_text
from condatui_core.records.environment import Environment, LastUsed, packages_untold
from condatui_core.records.finding import Finding, Problem
from condatui_core.text import counted, sanitize

_PROBLEMS_SHOWN = 20
_LISTED = "Listed by a script that examines nothing: no finding does not mean that all is well."


def health_text(environment: Environment, now: datetime, *, words: RemedyWords, glyphs: Glyphs = UNICODE) -> Text:
    """The findings of an environment with evidence and remedies, its last use and its unreadable files, as lines.

    `words` says the remedies.
    """
    return joined(health_blocks(environment, now, words=words, glyphs=glyphs))


def health_blocks(
    environment: Environment,
    now: datetime,
    *,
    words: RemedyWords,
    glyphs: Glyphs = UNICODE,
    verified: VerifiedFile | None = None,
    examined: bool = True,
) -> tuple[TextBlock, ...]:
    """The same in blocks, one for each finding; above all stands what came of verifying it against a file.

    What is copied of a finding is the command that does what it advises. One that was not `examined`, but only listed
    on another machine, may have more.
    """
    return tuple(_blocks(environment, now, words, glyphs, verified, examined))


def _blocks(
    environment: Environment,
    now: datetime,
    words: RemedyWords,
    glyphs: Glyphs,
    verified: VerifiedFile | None,
    examined: bool,
) -> Iterator[TextBlock]:
    contents = environment.contents
    if verified:
        yield TextBlock(verified_text(verified, glyphs))
    if not examined:
        yield TextBlock(Text(_LISTED, styles.DIM), apart=True)
    for index, finding in enumerate(environment.findings):
        text = findings_text([finding], words=words, glyphs=glyphs, with_ids=True)
        yield TextBlock(text, finding.command, apart=not index)
    if examined and not environment.findings:
        drifted = verified is not None and verified.found is not None and bool(verified.found.drift)
        yield TextBlock(_none(environment, glyphs, drifted=drifted), apart=True)
    if environment.keep or environment.baseline:
        yield TextBlock(Text("\n").join(_said_by_user(environment, now)), apart=True)
    if environment.project:
        yield TextBlock(
            Text.assemble(("project  ", styles.DIM), sanitize(environment.project)), environment.project, apart=True
        )
    if environment.last_used:
        yield TextBlock(_last_used(environment.last_used, now), apart=True)
    if contents and contents.unreadable:
        yield TextBlock(Text("\n").join(_problems(contents.unreadable, glyphs)), apart=True)


def findings_text(
    findings: Sequence[Finding], *, words: RemedyWords, glyphs: Glyphs = UNICODE, with_ids: bool = False
) -> Text:
    """Findings in the order given: the message, the evidence and the remedy, a line each.

    `with_ids` adds the ids, by which environments can be filtered: the findings of a plan or job have no use for them.
    """
    return Text("\n").join(line for finding in findings for line in _finding(finding, words, glyphs, with_ids))


def _finding(finding: Finding, words: RemedyWords, glyphs: Glyphs, with_ids: bool) -> list[Text]:
    head = Text(f"{glyphs.of(finding.severity)} {sanitize(finding.message)}", styles.for_severity(finding.severity))
    if with_ids:
        head = Text.assemble(head, (f"  {sanitize(finding.id)}", styles.DIM))
    evidence = [Text(f"  {sanitize(line)}", styles.DIM) for line in finding.evidence]
    remedy = words(finding.remedy)
    return [head, *evidence, *([Text(f"  {glyphs.remedy} {sanitize(remedy)}")] if remedy else [])]


def _none(environment: Environment, glyphs: Glyphs, *, drifted: bool) -> Text:
    """Why there are no findings; one that has drifted from its file is not called good."""
    if environment.state != "ok":
        return Text(f"{glyphs.error} {environment.state}", styles.ERROR)
    if environment.contents is None and environment.host:
        return Text(packages_untold(sanitize(environment.host)), styles.DIM)
    if environment.contents is None:
        return Text(f"{glyphs.unread} Not read yet.", styles.DIM)
    if drifted:
        return Text("Apart from that, nothing worth a finding.", styles.DIM)
    return Text(f"{glyphs.good} All good: nothing worth a finding.", styles.GOOD)


def _said_by_user(environment: Environment, now: datetime) -> Iterator[Text]:
    """That it stays, and that it is the baseline."""
    if mark := environment.keep:
        who = f"by {sanitize(mark.by)} " if mark.by else ""
        when = spell_age(mark.at, now) if mark.at else ""
        facts = (sanitize(mark.note), f"{who}{when}".strip())
        yield Text.assemble(("kept  ", styles.DIM), ", ".join(filter(None, facts)) or "it stays")
    if environment.baseline:
        yield Text.assemble(("baseline  ", styles.DIM), "new environments are cloned from it")


def _last_used(used: LastUsed, now: datetime) -> Text:
    line = Text.assemble(("last used  ", styles.DIM), f"{spell_age(used.at, now)}: {sanitize(used.evidence)}")
    return line if used.reliable else line.append(" (it may be later: this evidence is weak)", styles.WARNING)


def _problems(problems: Sequence[Problem], glyphs: Glyphs) -> list[Text]:
    count = counted(len(problems), "file")
    shown, more = problems[:_PROBLEMS_SHOWN], len(problems) - _PROBLEMS_SHOWN
    lines = [Text(f"{glyphs.warning} {count} could not be read; everything else is shown.", styles.WARNING)]
    lines += [
        Text.assemble(f"  {sanitize(problem.path)}", (f"  {sanitize(problem.reason)}", styles.DIM)) for problem in shown
    ]
    return [*lines, Text(f"  and {more} more", styles.DIM)] if more > 0 else lines

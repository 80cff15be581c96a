"""What is wrong with an environment, why condatui thinks so, what to do about it, and when it was last used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.units import spell_age
from condatui_core.printable import printable
from condatui_core.records.environment import Environment, LastUsed
from condatui_core.records.finding import Finding, Problem

_PROBLEMS_SHOWN = 20


def health_text(environment: Environment, now: datetime, *, signs: Signs = UNICODE) -> Text:
    """The findings of an environment with evidence and remedies, its last use and its unreadable files, as lines."""
    contents = environment.contents
    lines = [findings_text(environment.findings, signs=signs) if environment.findings else _none(environment, signs)]
    if environment.last_used:
        lines += [Text(), _last_used(environment.last_used, now)]
    if contents and contents.problems:
        lines += [Text(), *_problems(contents.problems, signs)]
    return Text("\n").join(lines)


def findings_text(findings: Sequence[Finding], *, signs: Signs = UNICODE) -> Text:
    """Findings in the order given: the message, the evidence and the remedy, a line each."""
    return Text("\n").join(line for finding in findings for line in _finding(finding, signs))


def _finding(finding: Finding, signs: Signs) -> list[Text]:
    style = tones.tone(finding.severity)
    head = Text.assemble(
        (f"{signs.of(finding.severity)} {printable(finding.message)}", style), (f"  {printable(finding.id)}", tones.DIM)
    )
    evidence = [Text(f"  {printable(line)}", tones.DIM) for line in finding.evidence]
    remedy = [Text(f"  {signs.remedy} {printable(finding.remedy)}")] if finding.remedy else []
    return [head, *evidence, *remedy]


def _none(environment: Environment, signs: Signs) -> Text:
    if environment.state != "ok":
        return Text(f"{signs.error} {environment.state}", tones.ERROR)
    if environment.contents is None:
        return Text(f"{signs.unread} Not read yet.", tones.DIM)
    return Text(f"{signs.good} All good: nothing worth a finding.", tones.GOOD)


def _last_used(used: LastUsed, now: datetime) -> Text:
    line = Text.assemble(("last used  ", tones.DIM), f"{spell_age(used.at, now)}: {printable(used.evidence)}")
    return line if used.reliable else line.append(" (it may be later: this evidence is weak)", tones.WARNING)


def _problems(problems: Sequence[Problem], signs: Signs) -> list[Text]:
    count = f"{len(problems)} file{'s' if len(problems) > 1 else ''}"
    shown, more = problems[:_PROBLEMS_SHOWN], len(problems) - _PROBLEMS_SHOWN
    lines = [Text(f"{signs.warning} {count} could not be read; everything else is shown.", tones.WARNING)]
    lines += [
        Text.assemble(f"  {printable(problem.path)}", (f"  {printable(problem.reason)}", tones.DIM))
        for problem in shown
    ]
    return [*lines, Text(f"  and {more} more", tones.DIM)] if more > 0 else lines

"""All about one job: what came of it, the way out, its commands and what they said."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.health import findings_text
from condatui.view_models.jobs import is_over, job_time, result_words, state_sign
from condatui.view_models.plan import printable_lines
from condatui.view_models.progress_bar import progress_words
from condatui.view_models.remedies import said_here
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.units import spell_bytes
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.job import Aftermath, Ended, Job, Outcome

_MOST_LINES = 500
"""Lines of output that are shown."""


def job_text(job: Job, now: datetime, *, signs: Signs = UNICODE) -> Text:
    """A job from top to bottom; while it runs, what is new comes last."""
    return Text("\n").join(_lines(job, now, signs))


def _lines(job: Job, now: datetime, signs: Signs) -> Iterator[Text]:
    yield Text.assemble(state_sign(job, signs), " ", (printable(job.plan.title), tones.STRONG), _spent(job, now, signs))
    if job.elsewhere:
        yield Text(f"carried out by {printable(job.elsewhere)}", tones.DIM)
    if is_over(job):
        yield from _end(job, signs)
    for argv in job.commands:
        yield Text(f"$ {printable(shlex.join(argv))}", tones.STRONG)
    for line in job.output[-_MOST_LINES:]:
        yield Text(printable(line), tones.DIM)
    if not is_over(job):
        yield from _now(job, signs)


def _spent(job: Job, now: datetime, signs: Signs) -> tuple[str, str]:
    spent = job_time(job, now)
    return (f" {signs.separator} {job.state}{f' {signs.separator} {spent}' if spent else ''}", tones.DIM)


def _now(job: Job, signs: Signs) -> Iterator[Text]:
    progress = f"  {progress_words(job.progress, signs)}" if job.progress else ""
    yield Text(f"{signs.active} {result_words(job)}{progress}")


def _end(job: Job, signs: Signs) -> Iterator[Text]:
    if job.end:
        yield from _ended(job.end, signs)
    if job.aftermath:
        yield from _aftermath(job.aftermath, signs)


def _ended(end: Ended, signs: Signs) -> Iterator[Text]:
    style = {"done": tones.GOOD, "failed": tones.ERROR}.get(end.state, tones.WARNING)
    said = end.outcome.message if end.outcome and end.state == "done" else end.message
    if said:
        yield Text(printable(said), style)
    for line in printable_lines(end.detail):
        yield Text(f"  {line}")
    if end.hint:
        yield Text(f"  {signs.remedy} {printable(said_here(end.hint))}")
    if end.outcome:
        yield from _outcome(end.outcome, signs)


def _outcome(outcome: Outcome, signs: Signs) -> Iterator[Text]:
    if outcome.findings:
        yield findings_text(_gravest_first(outcome.findings), signs=signs)
    for count, words in ((outcome.bytes_freed, "more free on the disk"), (outcome.bytes_used, "used on the disk")):
        if count is not None and spell_bytes(count) not in outcome.message:
            yield Text(f"{spell_bytes(count)} {words}", tones.DIM)
    for file in outcome.files:
        yield Text.assemble(("made  ", tones.DIM), printable(file))
    if outcome.receiver:
        yield Text("Whoever receives it runs:", tones.DIM)
        yield from (Text(f"  {printable(line)}") for line in outcome.receiver)


def _gravest_first(findings: tuple[Finding, ...]) -> list[Finding]:
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: order[finding.severity])


def _aftermath(aftermath: Aftermath, signs: Signs) -> Iterator[Text]:
    yield Text(printable(aftermath.message), tones.PLAIN if aftermath.state != "half" else tones.WARNING)
    if aftermath.way_out:
        yield Text(f"  {signs.remedy} enter: {printable(aftermath.way_out_title or 'put it right')}")


def job_commands(job: Job) -> str:
    """What was run, a line each, as a shell takes it, or else what the plan would run; not printable by itself."""
    argvs = job.commands or tuple(step.argv for step in job.plan.steps if step.argv)
    return "\n".join(shlex.join(argv) for argv in argvs)

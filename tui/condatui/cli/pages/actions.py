"""Print an action for people: the plan, the progress and the result, as lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from msgspec.structs import replace
from rich.text import Text

from condatui.cli.pages.tables import Printer
from condatui.cli.remedies import command_line_words
from condatui.view_models import styles
from condatui.view_models.details.health import findings_text
from condatui.view_models.format import progress_words
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.plan import plan_text
from condatui_core.records.job import (
    CommandBegun,
    CommandEnded,
    Event,
    Job,
    Outcome,
    Plan,
    Progressed,
    Said,
    StageBegun,
)
from condatui_core.text import format_bytes, sanitize, shell_words

_CLEAR = "\r\x1b[K"


class PageReporter:
    """Prints for people; progress is one line that is overwritten, and only on a terminal."""

    def __init__(self, *, ascii_only: bool) -> None:
        self._printer = Printer(ascii_only=ascii_only)
        self._passing = False

    def plan(self, plan: Plan) -> None:
        """Print the plan, but for its blockers, which the refusal tells."""
        self._line(Text(sanitize(plan.title), styles.STRONG))
        self._line(plan_text(replace(plan, blockers=()), words=command_line_words, glyphs=self._printer.glyphs))

    def event(self, event: Event) -> None:
        """Print an event."""
        if isinstance(event, StageBegun):
            self._line(Text(event.title, styles.STRONG))
        elif isinstance(event, CommandBegun):
            self._line(Text(f"  $ {shell_words(event.argv)}", styles.DIM))
        elif isinstance(event, Said):
            self._line(Text(f"  {event.line}"))
        elif isinstance(event, CommandEnded):
            self._line(Text())
        elif isinstance(event, Progressed) and self._printer.on_terminal:
            click.echo(f"{_CLEAR}  {progress_words(event, self._printer.glyphs)}", nl=False, color=True)
            self._passing = True

    def result(self, job: Job) -> None:
        """Print the result on stdout; a failure is reported on stderr elsewhere."""
        if job.end and job.end.outcome:
            self._line(Text("\n").join(_outcome(job.end.outcome, job.plan, self._printer.glyphs)))
        elif self._passing:
            self._line(Text())

    def _line(self, text: Text) -> None:
        if self._passing:
            click.echo(_CLEAR, nl=False, color=True)
            self._passing = False
        if text:
            self._printer.text(text)
        sys.stdout.flush()


def _outcome(outcome: Outcome, plan: Plan, glyphs: Glyphs) -> Iterator[Text]:
    yield Text(sanitize(outcome.message), styles.GOOD if not outcome.findings else styles.WARNING)
    # The plan is printed a few lines above, so its warnings are not repeated.
    if fresh := [each for each in outcome.findings if each not in plan.warnings]:
        yield findings_text(fresh, words=command_line_words, glyphs=glyphs)
    yield from (Text(f"  {line}", styles.DIM) for line in _slimmed(outcome))
    for file in outcome.files:
        yield Text(sanitize(file))
    if outcome.receiver:
        yield Text("The receiver runs:", styles.DIM)
        yield from (Text(f"  {sanitize(line)}") for line in outcome.receiver)


def _slimmed(outcome: Outcome) -> Iterator[str]:
    """What each class of files weighs in a slimmed copy, and weighed in its source."""
    longest = max((len(each.label) for each in outcome.slimmed), default=0)
    for each in outcome.slimmed:
        yield f"{each.label:<{longest}}  {format_bytes(each.before):>7} -> {format_bytes(each.after):>7}"

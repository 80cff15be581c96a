"""What a command that was run in an environment uses of it, as the slim tab shows it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, shorten_text
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.usage import UsageModel, end_words
from condatui_core.records.usage import PACKAGE_USES, RUN_SECONDS, Usage
from condatui_core.text import counted, sanitize


class TracedSubject(Struct, frozen=True):
    """A command that runs in an environment, or did so last, and what it has used."""

    prefix: str
    number: int
    """Counts the runs, so that one is told from the next."""
    command: str
    """As the user typed it."""
    state: Literal["running", "stopping", "ended", "failed"] = "running"
    usage: Usage | None = None
    """Only when it has ended."""
    why: str = ""
    """Why it failed: one line."""

    @property
    def at_work(self) -> bool:
        """Whether it still runs."""
        return self.state in ("running", "stopping")


class TracedModel(UsageModel):
    """The packages by what was used of them, and what there is to say below them."""

    def __init__(self, subject: TracedSubject, *, glyphs: Glyphs = UNICODE) -> None:
        nothing = Usage(command=(), end="stopped", exit_code=None, seconds=0, packages=())
        self._usage = subject.usage or nothing
        self._separator = glyphs.separator
        super().__init__(self._usage)

    def lines(self, index: int) -> tuple[Text, Text]:
        """How many packages have which mark; of a row what was used of it, or the last words of what has failed."""
        failed = self._usage.end == "exited" and self._usage.exit_code != 0
        words = self.cells(index)[-1]
        if failed and self._usage.last_lines:
            words = Text(sanitize(self._usage.last_lines[-1]), styles.WARNING)
        return Text(_counts(self._usage, self._separator)), words

    def notes(self) -> Text:
        """The first thing that the run could not show, and how many more there are."""
        if not self._usage.blind:
            return Text()
        first, *others = self._usage.blind
        more = f" (and {counted(len(others), 'note')} more: condatui slim --run tells them)" if others else ""
        return Text(f"{sanitize(first.message)}{more}", styles.DIM)


def traced_line(subject: TracedSubject, glyphs: Glyphs, width: int) -> Text:
    """What becomes of the command, or how it ended."""
    command, usage = sanitize(subject.command), subject.usage
    if usage is None:
        words = subject.why if subject.state == "failed" else f"{command} {_RUNNING[subject.state]}"
        style = styles.WARNING if subject.state == "failed" else styles.PLAIN
        return shorten_text(Text(words, style), width, glyphs.ellipsis, cut="end")
    good = usage.end != "exited" or usage.exit_code == 0
    sign = Text(f"{glyphs.good if good else glyphs.warning} ", styles.GOOD if good else styles.WARNING)
    end = f" {end_words(usage)}"
    shown = shorten_text(Text(command), max(width - len(end) - len(sign), _LEAST), glyphs.ellipsis)
    return shorten_text(Text.assemble(sign, shown, end), width, glyphs.ellipsis, cut="end")


def _counts(usage: Usage, separator: str) -> str:
    """Such as `used 11 (105 M) · needed 19 (2.9 M) · never 2 (5.5 M)`."""
    found = ((use, usage.of(use)) for use in PACKAGE_USES)
    parts = [f"{use} {len(each)} ({short_bytes(sum(one.bytes for one in each))})" for use, each in found if each]
    return f" {separator} ".join(parts) or "no packages"


def why_no_packages(subject: TracedSubject, key: str) -> Text:
    """What stands where the packages will be; `key` is the one that stops the command."""
    if subject.at_work:
        limit = f"It is ended after {RUN_SECONDS:g} seconds."
        return Text(f"What it opens is seen meanwhile. {limit} {key} stops it before: what it used is shown then.")
    return Text()


_LEAST = 12
_RUNNING = {"running": "runs.", "stopping": "is stopped."}


def told(subject: TracedSubject, glyphs: Glyphs) -> str:
    """One line for the user who may have gone elsewhere meanwhile; sanitized."""
    if subject.usage is None:
        return sanitize(subject.why)
    return f"{_counts(subject.usage, glyphs.separator)}: {sanitize(subject.command)} {end_words(subject.usage)}"

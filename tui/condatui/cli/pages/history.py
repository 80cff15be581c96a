"""Print the history of an environment for people: one revision a block, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.revisions import move_text, ordered_moves, way_back_words
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import Revision
from condatui_core.records.revision import RevisionFacts
from condatui_core.text import sanitize

_MOST = 20
"""The changes of one revision that a terminal shows; elsewhere all of them are printed."""


def print_history(invocation: Invocation, environment: Environment, facts: Sequence[RevisionFacts]) -> None:
    """Print the revisions: when, by whom, the command to copy, what it changed, and whether there is a way back."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    revisions = environment.contents.history.revisions if environment.contents else ()
    if not revisions:
        printer.text(Text(f"{sanitize(environment.name)} has no history: conda-meta/history says nothing."))
        return
    zone = invocation.clock().tzinfo
    pairs = zip(reversed(revisions), reversed(facts), strict=True)
    blocks = ((_head(*pair, printer, zone), *_lines(*pair, printer)) for pair in pairs)
    printer.text(Text("\n\n").join(Text("\n   ").join(each) for each in blocks))


def _lines(revision: Revision, facts: RevisionFacts, printer: Printer) -> Iterator[Text]:
    if revision.command:
        yield Text(f"$ {sanitize(revision.command)}")
    moves = ordered_moves(facts)
    shown = moves[:_MOST] if printer.on_terminal else moves
    yield from (move_text(each, printer.glyphs) for each in shown)
    if len(moves) > len(shown):
        yield Text(f"and {len(moves) - len(shown)} more: piped or with --json all are listed", styles.DIM)
    if not moves:
        yield Text("no package changed", styles.DIM)
    yield Text(way_back_words(facts), styles.DIM)


def _head(revision: Revision, facts: RevisionFacts, printer: Printer, zone: tzinfo | None) -> Text:
    known = (
        f"{revision.at.astimezone(zone):%Y-%m-%d %H:%M}" if revision.at else "",
        f"by {sanitize(facts.by)}" if facts.by else "",
        f"conda {sanitize(revision.conda_version)}" if revision.conda_version else "",
    )
    words = f" {printer.glyphs.separator} ".join(filter(None, known))
    return Text.assemble((f"{revision.number:>2} ", styles.STRONG), words)

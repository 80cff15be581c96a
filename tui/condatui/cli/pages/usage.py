"""Print which packages a command has used, for people."""

from __future__ import annotations

import shlex

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.usage import UsageModel, end_words, summary_words
from condatui_core.records.usage import Usage
from condatui_core.text import counted, format_bytes, sanitize, some_of

_MOST = 15
"""As many packages with one mark are shown; the document has all of them."""


def print_usage(invocation: Invocation, name: str, usage: Usage) -> None:
    """Print how the command ended, the packages by their marks, and what the run could not show."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    good = usage.end != "exited" or usage.exit_code == 0
    glyph = printer.glyphs.good if good else printer.glyphs.warning
    command = f"import {', '.join(usage.modules)}" if usage.modules else shlex.join(usage.command)
    printer.text(Text(f"{glyph} {sanitize(command)} {end_words(usage)}", styles.GOOD if good else styles.WARNING))
    printer.text(Text(f"\nOf {sanitize(name)}: {summary_words(usage, printer.glyphs.separator)}", styles.STRONG))
    model = UsageModel(usage, most=_MOST)
    printer.table(model)
    if model.hidden:
        printer.text(Text(f"And {counted(model.hidden, 'package')} more: --json has all of them.", styles.DIM))
    never = sum(each.bytes for each in usage.of("never"))
    if never:
        printer.text(Text(f"\nNever touched: {format_bytes(never)} by conda's and pip's records.", styles.STRONG))
    if usage.loose:
        count = counted(len(usage.loose), "file")
        printer.text(Text(f"Used too, and of no package: {count}: {sanitize(some_of(usage.loose))}."))
    if usage.blind:
        printer.text(Text("\nWhat this run does not show:"))
        for each in usage.blind:
            printer.text(Text(f"  {sanitize(each.message)}"))
            for line in each.evidence:
                printer.text(Text(f"    {sanitize(line)}", styles.DIM))

"""Print how an environment differs from a file, for people."""

from __future__ import annotations

import os

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.verification import DriftModel, solution_lines, verified_line
from condatui_core.records.drift import Drift, Verification
from condatui_core.records.environment import Environment
from condatui_core.records.solution import Solution
from condatui_core.text import sanitize


def print_verification(
    invocation: Invocation, environment: Environment, file: str, found: Verification, solution: Solution | None
) -> None:
    """Print what differs, what was not compared, and whether conda can still build the file."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    style = styles.WARNING if found.drift else styles.GOOD
    glyph = printer.glyphs.warning if found.drift else printer.glyphs.good
    line = f"{glyph} {sanitize(environment.name)}: {verified_line(found, os.path.basename(file))}"
    printer.text(Text(line, style))
    _print_drift(printer, found.drift)
    if found.left_out:
        printer.text(Text("\nNot compared:"))
        for each in found.left_out:
            printer.text(Text(f"  {sanitize(each)}", styles.DIM))
    if solution:
        printer.text(Text())
        for words in solution_lines(solution, invocation.clock()):
            printer.text(Text(words))
        _print_drift(printer, solution.differs)


def _print_drift(printer: Printer, drift: tuple[Drift, ...]) -> None:
    if drift:
        printer.table(DriftModel(drift, printer.glyphs))

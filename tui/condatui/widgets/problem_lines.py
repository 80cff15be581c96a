"""What is wrong with the machine or with looking at it, in the few lines at the top."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import Signs
from condatui_core.errors import CondatuiError
from condatui_core.printable import printable
from condatui_core.records.finding import Finding

_MOST = 3
"""Problems that are shown."""


def problem_lines(problems: Sequence[Finding], failure: CondatuiError | None, signs: Signs) -> Text:
    """A line for each problem with its remedy, the failure first; empty if all is well."""
    lines = [_failure(failure, signs)] if failure else []
    lines += [_problem(problem, signs) for problem in problems]
    hidden = len(lines) - _MOST
    if hidden > 0:
        lines[_MOST - 1 :] = [Text(f"  and {hidden + 1} more problems", tones.DIM)]
    return Text("\n").join(lines)


def _failure(failure: CondatuiError, signs: Signs) -> Text:
    said = f"{signs.error} {printable(failure.title)}"
    more = " ".join(printable(part) for part in (failure.detail, failure.hint) if part)
    return Text.assemble((said, tones.ERROR), f"  {more}" if more else "")


def _problem(problem: Finding, signs: Signs) -> Text:
    said = f"{signs.of(problem.severity)} {printable(problem.message)}"
    remedy = f"  {signs.remedy} {printable(problem.remedy)}" if problem.remedy else ""
    return Text.assemble((said, tones.tone(problem.severity)), remedy)

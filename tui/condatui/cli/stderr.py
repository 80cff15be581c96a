"""What condatui tells its user on stderr, so that stdout holds nothing but what was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from condatui.cli.remedies import command_line_words
from condatui_core.errors import CondatuiError
from condatui_core.records.finding import Finding
from condatui_core.text import sanitize

_LONGEST = 8_000
"""The most characters of one line: two paths and some words."""


def report(error: CondatuiError) -> None:
    """Print what went wrong, where, and what to do."""
    say(f"condatui: {error.title}")
    for part in (error.detail, command_line_words(error.advice)):
        for line in part.splitlines():
            say(f"  {line}")


def say(message: str) -> None:
    """Print a line for the user, on stderr; one of more than some thousand characters is cut."""
    line = sanitize(message)
    sys.stderr.write(f"{line if len(line) <= _LONGEST else f'{line[:_LONGEST]}…'}\n")
    sys.stderr.flush()


def say_problems(problems: Sequence[Finding]) -> None:
    """Print the problems of the machine on stderr, so that they do not disturb the output."""
    for problem in problems:
        say(f"condatui: {problem.message} {command_line_words(problem.remedy)}".rstrip())

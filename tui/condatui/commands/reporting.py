"""Where errors end: a few lines on stderr and an exit code, never a traceback for what the user can mend."""

from __future__ import annotations

from collections.abc import Sequence

import click

from condatui_core.errors import CondatuiError
from condatui_core.printable import printable
from condatui_core.records.finding import Finding

_INTERRUPTED = 130


class ReportingGroup(click.Group):
    """A group of commands that says what went wrong."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; its errors become messages and exit codes, and so does Ctrl-C."""
        try:
            return super().invoke(ctx)
        except CondatuiError as error:
            report(error)
            raise click.exceptions.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            raise click.exceptions.Exit(_INTERRUPTED) from None


def report(error: CondatuiError) -> None:
    """Say what went wrong, where, and what to do."""
    say(f"condatui: {error.title}")
    for part in (error.detail, error.hint):
        for line in part.splitlines():
            say(f"  {line}")


def say(message: str) -> None:
    """Print a line for the user, on stderr."""
    click.echo(printable(message), err=True)


def say_problems(problems: Sequence[Finding]) -> None:
    """Say what is wrong with the machine, which spoils no output."""
    for problem in problems:
        say(f"condatui: {problem.message}{f' {problem.remedy}' if problem.remedy else ''}")

"""Reports errors of commands: a few lines on stderr and an exit code, never a traceback for what the user can fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile

import click
from msgspec import Struct

from condatui.cli.remedies import command_line_words
from condatui.cli.standard_streams import OutputError
from condatui.cli.stderr import report
from condatui.json_documents import print_json
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.text import sanitize

AS_JSON = "condatui.json"
"""The key under which a context records `--json`, for later errors."""
_INTERRUPTED = 130


class ErrorReport(Struct, frozen=True, kw_only=True):
    """What went wrong, where, and what to do."""

    title: str
    """One sentence."""
    detail: str
    """Where it failed, and the error message of the program or system; may have several lines."""
    hint: str
    """What the user can do about it; empty if unknown."""
    exit_code: int
    """The exit code of the command."""


class ErrorDocument(Struct, frozen=True):
    """The document that `--json` prints if a command fails; stderr has the same information."""

    error: ErrorReport
    """Why the command failed."""


class ReportingGroup(click.Group):
    """A group of commands that reports errors, those of its arguments too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the global options, and note `--json` for errors in the arguments that follow."""
        ctx.meta[AS_JSON] = "--json" in takewhile(lambda argument: argument != "--", args)
        with _reported(ctx):
            _check_texts(args)
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; its errors become messages and exit codes, and so does Ctrl-C."""
        with _reported(ctx):
            return super().invoke(ctx)


def _check_texts(arguments: Sequence[str]) -> None:
    """UsageError for an argument that the system could take neither for a name nor for a path."""
    if wrong := next((each for each in arguments if "\0" in each), None):
        raise UsageError(f"`{sanitize(wrong)}` has a zero byte in it, which no name or path can have.")


@contextmanager
def _reported(context: click.Context) -> Iterator[None]:
    """Turn errors into messages, and into the document that `--json` promises; Exit with their exit code."""
    try:
        yield
    except click.exceptions.Exit:
        raise
    except (KeyboardInterrupt, click.Abort):
        raise click.exceptions.Exit(_INTERRUPTED) from None
    except BrokenPipeError:  # the reader has seen enough
        raise click.exceptions.Exit(0) from None
    except OutputError:  # the end of the process tells it
        raise click.exceptions.Exit(CondatuiError.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise _failed(context, UsageError(error.format_message(), hint=_usage(error))) from error
    except CondatuiError as error:
        report(error)
        raise _failed(context, error) from error
    except Exception as error:  # the named boundary of commands: the traceback goes to the log
        described = context.obj.unexpected(error)
        report(described)
        raise _failed(context, described) from error


def _failed(context: click.Context, error: CondatuiError) -> click.exceptions.Exit:
    """Print the document about the error if `--json` was given; returns the Exit with its code."""
    if context.meta.get(AS_JSON):
        with suppress(OSError):  # the reader has closed the pipe
            print_json(ErrorDocument(_described(error)))
    return click.exceptions.Exit(error.exit_code)


def _described(error: CondatuiError) -> ErrorReport:
    hint = command_line_words(error.advice)
    return ErrorReport(title=error.title, detail=error.detail, hint=hint, exit_code=error.exit_code)


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"`{context.command_path} --help` shows how it is used." if context else ""

"""`condatui doctor`: print the facts for a bug report."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option
from condatui.json_documents import print_json
from condatui_core.errors import UsageError
from condatui_core.records.doctor import TerminalFacts
from condatui_core.settings import Settings
from condatui_core.settings_files.effective import setting_sources


@click.command("doctor", epilog=examples("doctor", "doctor --json"))
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, as_json: bool) -> None:
    """Print the facts for a bug report.

    They are versions, terminal, condas and whether they answer, directories, settings, and the last troubles in the
    log. Credentials are masked and your home directory is written ~; still, read the report before you publish it.
    """
    from condatui_core.doctor import examine  # noqa: PLC0415 - it imports nearly everything

    problems: tuple[str, ...] = ()
    try:
        settings = invocation.settings
    except UsageError as error:
        settings, problems = invocation.added_to(Settings()), (error.in_one_line,)
    report = asyncio.run(
        examine(
            invocation.workbench(settings),
            terminal=_terminal(invocation.environ),
            settings=setting_sources(settings, invocation.locations, invocation.environ, invocation.given),
            problems=problems,
            environ=invocation.environ,
            at=invocation.clock(),
        )
    )
    if as_json:
        print_json(report)
    else:
        from condatui.cli.pages.doctor import print_report  # noqa: PLC0415 - as above

        print_report(report)


def _terminal(environ: Mapping[str, str]) -> TerminalFacts:
    from rich.console import Console  # noqa: PLC0415 - as above

    size = _size()
    console = Console(file=sys.stdout, force_terminal=True, _environ=environ)
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    return TerminalFacts(
        term=environ.get("TERM", ""),
        colorterm=environ.get("COLORTERM", ""),
        program=environ.get("TERM_PROGRAM", ""),
        locale=locale,
        encoding=sys.stdout.encoding or "",
        columns=size.columns if size else None,
        rows=size.lines if size else None,
        colors=console.color_system or "none",
        no_color="NO_COLOR" in environ,
        ssh=any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")),
    )


def _size() -> os.terminal_size | None:
    for descriptor in (1, 2, 0):
        with suppress(OSError):
            return os.get_terminal_size(descriptor)
    return None

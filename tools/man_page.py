"""The manual page `docs/condatui.1`, written from the commands by `make docs`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import click

from condatui.cli.invocation import Invocation
from condatui.cli.main import GROUPS, condatui
from condatui_core import __version__
from condatui_core.settings import FROM_ENVIRONMENT, SERVER_SETTINGS
from condatui_core.settings_files.effective import variable_of
from condatui_core.settings_files.template import setting_meanings

PAGE = Path(__file__).parents[1] / "docs" / "condatui.1"
_EVERYWHERE = ("--conda", "--root", "--read-only", "--debug", "--version", "--help")
"""Options that are described once for all commands."""
_DESCRIPTION = """
condatui shows the conda environments of a machine side by side: what is in them, what they cost and what is wrong with
them. Without a command it opens a workbench on the terminal, where ? shows the keys. With a command it prints the same,
and with --json one JSON document. Looking changes nothing; what changes something prints its plan and asks first.

ENV is the name or the prefix of an environment, registered or not.
"""
_EXIT_STATUS = (
    ("0", "done"),
    ("1", "failed; of verify: it differs, of check: a rule is broken, of find: no environment has it"),
    ("2", "wrong usage"),
    ("3", "refused by a guard"),
    ("4", "no conda found"),
    ("130", "interrupted"),
)
_FILES = (
    ("~/.config/condatui/settings.yaml", "the settings; `condatui config` says which hold"),
    ("~/.config/condatui/keep.yaml", "which environments stay, and what the baseline is"),
    (SERVER_SETTINGS, "defaults that an administrator has set for all users of the machine"),
    ("~/.local/state/condatui", "journals, restore points and the log"),
    ("~/.cache/condatui", "what was read and measured; may be deleted at any time"),
)
_VARIABLES = (
    ("CONDATUI_HOME", "Moves configuration, cache and state to directories below it."),
    ("CONDATUI_SERVER_SETTINGS", "Another file with the defaults of the machine."),
    ("NO_COLOR", "Turns colours off."),
)


def man_page() -> str:
    """The page as it should be."""
    return "\n".join([*_head(), *_commands(), *_tail()]) + "\n"


def _head() -> Iterator[str]:
    yield f'.TH CONDATUI 1 "" "condatui {__version__}" "User Commands"'
    yield from (".SH NAME", r"condatui \- a terminal workbench for conda environments")
    yield from (".SH SYNOPSIS", r".B condatui", r"[\fIOPTIONS\fR] [\fICOMMAND\fR [\fIARGUMENTS\fR]...]")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(_DESCRIPTION)
    yield ".SH OPTIONS"
    yield "Before and after the command:"
    yield from _options(condatui, _root(), everywhere=True)


def _commands() -> Iterator[str]:
    for title, names in GROUPS.items():
        yield f'.SH "COMMANDS: {title.upper()}"'
        for name in names:
            command = condatui.get_command(_root(), name)
            assert command is not None
            yield from _command(name, command)


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=_root())
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f'.SS "condatui {name} {_escaped(pieces)}"'
    yield from _paragraphs(command.help or "")
    yield from _options(command, context, everywhere=False)
    yield from _paragraphs(command.epilog or "")


def _options(command: click.Command, context: click.Context, *, everywhere: bool) -> Iterator[str]:
    for option in (each for each in command.get_params(context) if isinstance(each, click.Option)):
        record = option.get_help_record(context)
        if record and (max(option.opts, key=len) in _EVERYWHERE) is everywhere:
            yield from _entry(*record)


def _tail() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for code, meaning in _EXIT_STATUS:
        yield from _entry(code, meaning)
    yield ".SH ENVIRONMENT"
    meanings = setting_meanings()
    for variable, meaning in (*_VARIABLES, *((variable_of(each), meanings[each]) for each in FROM_ENVIRONMENT)):
        yield from _entry(variable, meaning)
    yield ".SH FILES"
    for file, meaning in _FILES:
        yield from _entry(file, meaning)
    yield from (".SH SEE ALSO", r".BR conda (1),", "https://github.com/condatui/condatui")


def _root() -> click.Context:
    invocation = Invocation(
        environ={}, home=Path("/"), cwd="/", clock=lambda: datetime.now(timezone.utc), terminal=False
    )
    return click.Context(condatui, info_name="condatui", obj=invocation, help_option_names=["-h", "--help"])


# roff


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help; one that begins with click's mark keeps its lines."""
    for paragraph in filter(None, (each.strip("\n") for each in inspect.cleandoc(text).split("\n\n"))):
        if paragraph.startswith("\b\n"):
            yield from (".PP", ".nf", *map(_line, paragraph.splitlines()[1:]), ".fi")
        else:
            yield from (".PP", _line(" ".join(paragraph.split())))


def _entry(term: str, meaning: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_escaped(term)}\fR", _line(meaning))


def _line(text: str) -> str:
    """A line of text, which roff must not take for a request; what stands in backticks is bold."""
    escaped = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", _escaped(text))
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    """A text as roff has it: in ASCII, and a hyphen as it is typed."""
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return "".join(each if each.isascii() else rf"\[u{ord(each):04X}]" for each in plain)


def main() -> None:
    """Write the page."""
    PAGE.write_text(man_page(), encoding="utf-8")


if __name__ == "__main__":
    main()

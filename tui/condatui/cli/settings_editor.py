"""`condatui config --edit`: the user's editor works on a copy, which is checked before it takes the file's place."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from condatui.actions.keymap import Keymap
from condatui.cli.invocation import Invocation
from condatui.cli.stderr import report, say
from condatui.view_models.environments.columns import check_columns
from condatui.view_models.styles import check_theme
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.settings import SettingError, Settings
from condatui_core.settings_files.editing import SettingsDraft
from condatui_core.settings_files.parsing import parse_settings


def edit_settings(invocation: Invocation) -> None:
    """Let the user edit the settings until they are right, or until the user gives up. Raises CondatuiError."""
    editor = _editor(invocation)
    draft = SettingsDraft(invocation.locations)
    try:
        _run(editor, draft)
        while wrong := _take(draft, invocation):
            report(wrong)
            if not _edit_again(invocation):
                raise UsageError("The settings file is as it was.")
            _run(editor, draft)
    except CondatuiError as error:
        error.detail = "\n".join(filter(None, (error.detail, draft.keep_rejected())))
        raise
    finally:
        draft.discard()


def _editor(invocation: Invocation) -> str | None:
    """The user's editor; None for the one that is there."""
    if chosen := invocation.environ.get("VISUAL") or invocation.environ.get("EDITOR"):
        return chosen
    if not invocation.terminal:
        raise UsageError("There is no terminal to edit in.", hint="Set EDITOR, or write the settings file by hand.")
    return None


def _run(editor: str | None, draft: SettingsDraft) -> None:
    try:
        with _without_interrupts():
            click.edit(editor=editor, filename=str(draft.file))
    except (click.ClickException, ValueError) as error:  # ValueError: quotes in $EDITOR that do not close
        words = error.format_message() if isinstance(error, click.ClickException) else str(error)
        raise CondatuiError("The editor has failed; the settings file is as it was.", words) from error


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Leave Ctrl-C to the editor: it is told to both."""
    former = signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which the editor would inherit
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _take(draft: SettingsDraft, invocation: Invocation) -> UsageError | None:
    """Let the draft take the place of the settings file; what is wrong with it if that may not be."""
    file = invocation.locations.settings_file
    try:
        if not draft.changed:
            say(f"Nothing was changed in {file}.")
            return None
        draft.check()
        check_for_workbench(draft.text(), invocation.locations.settings_file)
        draft.accept()
    except UsageError as error:
        return error
    say(f"{file} is changed.")
    return None


def check_for_workbench(text: str, file: Path) -> None:
    """Check what only the workbench knows: which themes, columns, actions and keys there are. Raises UsageError.

    `text` is that of the settings file, or of what is to take its place.
    """
    given = parse_settings(text, file)
    try:
        if (theme := given.get("theme")) and theme.value:
            check_theme(str(theme.value))
        if (columns := given.get("columns")) and isinstance(columns.value, list):
            check_columns([str(each) for each in columns.value])
        if "keys" in given:
            kept = {name: given[name].value for name in ("keys", "keymap") if name in given}
            settings = msgspec.convert(kept, Settings, strict=False)
            Keymap.of_settings(settings.keys, settings.keymap)
    except SettingError as error:
        raise UsageError(error.title, f"In {given[error.setting].where}", error.advice) from error


def _edit_again(invocation: Invocation) -> bool:
    try:
        return invocation.terminal and click.confirm("Edit it again?", default=True, err=True)
    except click.Abort:
        click.echo(err=True)
        return False

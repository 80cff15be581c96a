"""`condatui config`: the settings that hold, and where each comes from; writes and edits the settings file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from condatui.cli.completion_values import settings
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option
from condatui.cli.stderr import report, say
from condatui.json_documents import print_json
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.remedy import LeaveReadOnly
from condatui_core.settings import Settings, SettingSource
from condatui_core.settings_files.effective import setting_sources, unknown_variables
from condatui_core.settings_files.parsing import settings_text
from condatui_core.settings_files.server import read_server_settings
from condatui_core.settings_files.values import no_such_setting


@click.command("config", epilog=examples("config", "config stale_days restore_days --json"))
@click.argument("names", metavar="[SETTING]...", nargs=-1, shell_complete=settings)
@click.option("--edit", is_flag=True, help="Edit the settings file with $VISUAL or $EDITOR, and check it.")
@click.option("--init", is_flag=True, help="Write a settings file with every setting, commented out.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, names: tuple[str, ...], edit: bool, init: bool, as_json: bool) -> None:
    """Print the settings that hold, where each comes from, and its default.

    Variables win over your settings file, and that over the file in which an administrator sets defaults for the
    machine. --edit works on a copy: only what could be read takes the place of the file. --init never replaces one.
    """
    if (edit or init) and (names or as_json or (edit and init)):
        raise click.UsageError("--edit and --init take no SETTING, no --json and not each other.")
    if (edit or init) and invocation.read_only:
        raise RefusedError("condatui is read-only: nothing is changed.", hint=LeaveReadOnly(started=True))
    if edit:
        from condatui.cli.settings_editor import edit_settings  # noqa: PLC0415 - it knows keys, which takes Textual

        edit_settings(invocation)
    elif init:
        from condatui_core.settings_files.editing import write_template  # noqa: PLC0415 - the rest does without

        say(f"{write_template(invocation.locations)} is written; all in it is commented out.")
    else:
        _print(invocation, names, as_json=as_json)


def _print(invocation: Invocation, names: Sequence[str], *, as_json: bool) -> None:
    from condatui.cli.documents.config import describe_settings  # noqa: PLC0415 - as above

    settings, locations = invocation.settings, invocation.locations
    problems = (
        *read_server_settings(locations).problems,
        *unknown_variables(invocation.environ),
        *_refused_by_workbench(locations.settings_file),
    )
    for each in problems:
        report(each)
    sources = setting_sources(settings, locations, invocation.environ, invocation.given)
    document = describe_settings(_chosen(sources, names), locations, [*map(_in_one_line, problems)])
    if as_json:
        print_json(document)
        return
    from condatui.cli.pages.config import print_settings  # noqa: PLC0415 - Rich is for people

    print_settings(document, ascii_only=settings.ascii)


def _refused_by_workbench(file: Path) -> Iterator[CondatuiError]:
    """What of the settings file keeps the workbench from opening, though commands have no use for it."""
    if not (text := settings_text(file)):
        return
    from condatui.cli.settings_editor import check_for_workbench  # noqa: PLC0415 - it knows keys, which takes Textual

    try:
        check_for_workbench(text, file)
    except CondatuiError as error:
        yield error


def _chosen(sources: Sequence[SettingSource], names: Sequence[str]) -> Sequence[SettingSource]:
    for name in names:
        if name not in Settings.__struct_fields__:
            raise no_such_setting(name)
    return [each for each in sources if not names or each.name in names]


def _in_one_line(error: CondatuiError) -> str:
    return f"{error.in_one_line} {error.hint}".strip()

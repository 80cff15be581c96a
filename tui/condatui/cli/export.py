"""`condatui export`: write an environment to a file or to stdout, or several into a directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from condatui.cli.completion_values import directories, environments, files
from condatui.cli.invocation import Invocation
from condatui.cli.options import FORCE, examples, global_options, note_prefixes
from condatui.cli.run_action import acting_options, run_action
from condatui.cli.stderr import say
from condatui.json_documents import print_json
from condatui_core.environment_files.export import check_options, format_of_file
from condatui_core.errors import UsageError
from condatui_core.records.environment import Inventory
from condatui_core.records.request import ExportAllRequest, ExportOptions, ExportRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext
    from condatui_core.environment_files.export import ExportText


_STDOUT = "-"


@click.command(
    "export", epilog=examples("export nlp-exp -o environment.yml", "export --all --dir environments --changed")
)
@click.argument("envs", metavar="[ENV]...", nargs=-1, callback=note_prefixes, shell_complete=environments)
@click.option(
    "-o", "--output", "file", metavar="FILE", shell_complete=files, help="The file; `-`, the default, is stdout."
)
@click.option("--all", "every", is_flag=True, help="Export all environments, into --dir.")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    shell_complete=directories,
    help="Write a file for each environment into DIR, if it changes.",
)
@click.option("--changed", is_flag=True, help="With --dir: read only what has changed since its file was written.")
@click.option(
    "--format",
    type=click.Choice(("yaml", "explicit", "requirements", "json", "conda-lock")),
    help="By default the format that suits the file's name, or yaml.",
)
@click.option("--no-builds", "builds", is_flag=True, flag_value=False, default=True, help="Versions only.")
@click.option("--portable", is_flag=True, help="For other machines: only builds that mean something, as `*cuda12*`.")
@click.option("--from-history", is_flag=True, help="Only the packages that the user requested.")
@click.option("--leaves", is_flag=True, help="Only what nothing else needs, and what was requested.")
@click.option(
    "--no-variables", "variables", is_flag=True, flag_value=False, default=True, help="Leave out environment variables."
)
@click.option("--force", "replace", is_flag=True, help=FORCE)
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    envs: tuple[str, ...],
    file: str | None,
    every: bool,
    directory: str | None,
    dry_run: bool,
    as_json: bool,
    **how: Any,  # noqa: ANN401 - the options are named like the requests' fields
) -> None:
    """Write the contents of environments, so that conda can recreate them.

    ENV is a name or a prefix. No environment is changed, and no file is replaced without --force, but for those that
    an export has written into DIR before: these are for version control, and there is an index.md of them.
    """
    how.pop("yes")  # accepted as in every command; an export asks nothing
    changed = how.pop("changed")
    _check_usage(envs, file, every=every, directory=directory, changed=changed)
    target = _STDOUT if file is None else file
    how["format"] = how["format"] or format_of_file(target)
    check_options(ExportOptions(**{each: how[each] for each in ExportOptions.__struct_fields__}))

    def request(inventory: Inventory, _: JobContext) -> ExportRequest:
        environment = invocation.environment(inventory, envs[0])
        path = target if target == _STDOUT else invocation.absolute(target)
        return ExportRequest(prefix=environment.prefix, file=path, **how)

    def request_all(inventory: Inventory, _: JobContext) -> ExportAllRequest:
        prefixes, into = invocation.prefixes_of(envs, inventory), invocation.absolute(directory or "")
        return ExportAllRequest(prefixes=prefixes, directory=into, changed=changed, **how)

    if directory is not None:
        run_action(invocation, request_all, dry_run=dry_run, yes=True, as_json=as_json)
    elif target == _STDOUT:
        _print(asyncio.run(_preview(invocation, request)), as_json=as_json)
    else:
        run_action(invocation, request, dry_run=dry_run, yes=True, as_json=as_json)


def _check_usage(envs: tuple[str, ...], file: str | None, *, every: bool, directory: str | None, changed: bool) -> None:
    """Raise UsageError unless the arguments say what is exported, and to where."""
    if every and envs:
        raise UsageError("--all is all environments, and some are named as well.", hint="Leave one of the two out.")
    if not every and not envs:
        raise UsageError("No environment is named.", hint="Name some, or export --all into --dir.")
    if directory is None and (every or len(envs) > 1):
        raise UsageError("Several environments need a directory to be exported into.", hint="Name one with --dir.")
    if directory is not None and file is not None:
        raise UsageError("-o is for one file, --dir for a directory of them.", hint="Leave one of the two out.")
    if changed and directory is None:
        raise UsageError("--changed is about the files in a directory.", hint="Name the directory with --dir.")


async def _preview(
    invocation: Invocation, make_request: Callable[[Inventory, JobContext], ExportRequest]
) -> ExportText:
    from condatui_core.actions.export.one_file import preview  # noqa: PLC0415 - `--help` needs none of it

    context = await invocation.workbench().job_context()
    return await preview(make_request(context.inventory, context), context)


def _print(export: ExportText, *, as_json: bool) -> None:
    if as_json:
        print_json(export)
        return
    for note in export.notes:
        say(f"condatui: {note}.")
    click.echo(export.text, nl=False)

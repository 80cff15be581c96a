"""`condatui export`: write an environment to a file or to stdout."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options, note_prefixes
from condatui.cli.reporting import say
from condatui.cli.run_action import acting_options, run_action
from condatui.json_documents import print_json
from condatui_core.environment_files.export import format_of_file
from condatui_core.records.environment import Inventory
from condatui_core.records.request import ExportRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext
    from condatui_core.environment_files.export import ExportText


_STDOUT = "-"


@click.command("export")
@click.argument("env", callback=note_prefixes)
@click.option("-o", "--output", "file", default=_STDOUT, metavar="FILE", help="The file; `-`, the default, is stdout.")
@click.option(
    "--format",
    type=click.Choice(("yaml", "explicit", "requirements", "json")),
    help="By default the format that suits the file's name, or yaml.",
)
@click.option("--no-builds", "builds", is_flag=True, flag_value=False, default=True, help="Versions only.")
@click.option("--from-history", is_flag=True, help="Only the packages that the user requested.")
@click.option("--force", "replace", is_flag=True, help="Replace the file if it exists.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    env: str,
    file: str,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - accepted as in every command; an export asks nothing
    as_json: bool,
    **how: Any,  # noqa: ANN401 - the options are named like the request's fields
) -> None:
    """Write the contents of an environment, so that conda can recreate it.

    ENV is a name or a prefix. The environment is not changed, and no file is replaced without --force.
    """

    def request(inventory: Inventory, context: JobContext) -> ExportRequest:  # noqa: ARG001 - unused
        environment = invocation.environment(inventory, env)
        how["format"] = how["format"] or format_of_file(file)
        return ExportRequest(prefix=environment.prefix, file=invocation.absolute(file), **how)

    if file == _STDOUT:
        _print(asyncio.run(_preview(invocation, request)), as_json=as_json)
    else:
        run_action(invocation, request, dry_run=dry_run, yes=True, as_json=as_json)


async def _preview(
    invocation: Invocation, make_request: Callable[[Inventory, JobContext], ExportRequest]
) -> ExportText:
    from condatui_core.actions.export import preview  # noqa: PLC0415 - `--help` needs none of it

    context = await invocation.workbench().job_context()
    return await preview(make_request(context.inventory, context), context)


def _print(export: ExportText, *, as_json: bool) -> None:
    if as_json:
        print_json(export)
        return
    for note in export.notes:
        say(f"condatui: {note}.")
    click.echo(export.text, nl=False)

"""`condatui create`: a new environment from a file that describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import files
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, note_prefixes, offline_option
from condatui.cli.run_action import acting_options, run_action
from condatui_core.errors import UsageError
from condatui_core.records.environment import Inventory
from condatui_core.records.request import CreateRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


@click.command("create", epilog=examples("create -f environment.yml", "create -f conda-lock.yml nlp-new --offline"))
@click.option(
    "-f", "--file", "file", metavar="FILE", shell_complete=files, required=True, help="The file that describes it."
)
@click.argument("names", metavar="[NAME]", nargs=-1, callback=note_prefixes)
@offline_option
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation, *, file: str, names: tuple[str, ...], offline: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Create an environment from a file that describes it; nothing is ever replaced.

    FILE is an environment.yml, a list of URLs, specs or requirements, a conda-lock.yml, a pixi.lock (FILE#NAME for one
    of its environments), or what `condatui show ENV --json` printed. NAME is a name, or a path if it contains a slash;
    without it, the name that the file states. Afterwards the environment is verified against the file.
    """
    if len(names) > 1:
        raise click.UsageError(f"There are {len(names)} names, but one is expected.")
    path = invocation.absolute(file)

    def request(inventory: Inventory, context: JobContext) -> CreateRequest:
        from condatui_core.actions.from_file import asked_of  # noqa: PLC0415 - `--help` needs none of the core
        from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - as above

        stated = names[0] if names else asked_of(path, inventory.first_channel_config).name
        if not stated:
            raise UsageError("The file does not name the environment.", path, "Name it: condatui create -f FILE NAME.")
        return CreateRequest(
            target=target_prefix(stated, None, context, cwd=invocation.cwd), file=path, offline=offline
        )

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)

"""`condatui update`: bring packages of environments to the versions of another one, or to what a file asks for."""

from __future__ import annotations

import click

from condatui.cli.completion_values import environments, files
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, offline_option
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.environment import Inventory
from condatui_core.records.request import UpdateRequest


@click.command(
    "update", epilog=examples("update nlp-exp --like nlp-base --dry-run", "update nlp-exp -f environment.yml --prune")
)
@click.argument("envs", metavar="ENV...", nargs=-1, required=True, shell_complete=environments)
@click.option(
    "--like", metavar="BASELINE", shell_complete=environments, help="The environment whose versions they get."
)
@click.option("-f", "--file", "file", metavar="FILE", shell_complete=files, help="The file whose packages they get.")
@click.option("--prune", is_flag=True, help="With -f: remove what the file has no need for.")
@offline_option
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    envs: tuple[str, ...],
    like: str | None,
    file: str | None,
    prune: bool,
    offline: bool,
    **acting: bool,
) -> None:
    """Bring environments to the versions, builds and channels of BASELINE, or to what FILE asks for.

    ENV and BASELINE are names or prefixes; of a baseline only what both have counts. FILE is of any kind that
    `condatui create -f` takes; without --prune nothing goes but what conda's solver must take. conda's own dry run is
    the plan. Each environment is kept in a restore point first: `condatui restore --yes` undoes it.
    """
    if (like is None) == (file is None):
        raise click.UsageError("Name either a baseline with --like, or a file with -f.")
    if prune and file is None:
        raise click.UsageError("--prune needs a file: -f FILE.")

    def request(inventory: Inventory, _: object) -> UpdateRequest:
        prefixes = invocation.prefixes_of(envs, inventory)
        if file is not None:
            return UpdateRequest(prefixes=prefixes, file=invocation.absolute(file), prune=prune, offline=offline)
        (baseline,) = invocation.prefixes_of((like or "",), inventory)
        return UpdateRequest(prefixes=prefixes, like=baseline, offline=offline)

    run_action(invocation, request, **acting)

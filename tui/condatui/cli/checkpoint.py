"""`condatui checkpoint`: restore points of environments that stay."""

from __future__ import annotations

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.environment import Inventory
from condatui_core.records.request import CheckpointRequest


@click.command("checkpoint")
@click.argument("envs", metavar="ENV...", nargs=-1, required=True)
@click.option("--note", default="", metavar="TEXT", help="Why; `condatui restore --list` shows it.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation, *, envs: tuple[str, ...], note: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Make a restore point of environments that stay as they are.

    What conda can put back is not stored. `condatui restore ID` brings an environment back to that state.
    """

    def request(inventory: Inventory, _: object) -> CheckpointRequest:
        return CheckpointRequest(prefixes=invocation.prefixes_of(envs, inventory), note=note)

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)

"""`condatui checkpoint`: restore points of environments that stay as they are."""

from __future__ import annotations

import click

from condatui.cli.completion_values import environments
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.request import CheckpointRequest


@click.command(
    "checkpoint",
    epilog=examples("checkpoint nlp-exp --note 'before the new torch'", "checkpoint nlp-exp bert-finetune --yes"),
)
@click.argument("envs", metavar="ENV...", nargs=-1, required=True, shell_complete=environments)
@click.option("--note", default="", metavar="TEXT", help="Why, to be read in the list of restore points.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation, *, envs: tuple[str, ...], note: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Make a restore point of each environment, which stays as it is.

    ENV is a name or a prefix. What conda can put back is not stored, so that it is cheap. `condatui restore ID` brings
    an environment back to it, file for file, whatever conda and pip have done since.
    """
    run_action(
        invocation,
        lambda inventory, _: CheckpointRequest(prefixes=invocation.prefixes_of(envs, inventory), note=note),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )

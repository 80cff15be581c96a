"""`condatui update`: bring packages of environments to the versions of another one."""

from __future__ import annotations

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.environment import Inventory
from condatui_core.records.request import UpdateRequest


@click.command("update")
@click.argument("envs", metavar="ENV...", nargs=-1, required=True)
@click.option("--like", metavar="BASELINE", required=True, help="The environment whose versions they get.")
@click.option("--offline", is_flag=True, help="Download nothing; otherwise the package cache is used first.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    envs: tuple[str, ...],
    like: str,
    offline: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Bring the packages that environments share with BASELINE to its versions, builds and channels.

    ENV and BASELINE are names or prefixes. conda's own dry run is the plan; what a user has pinned or requested in
    another version stays. Each environment is kept in a restore point first: `condatui restore --yes` undoes it.
    """

    def request(inventory: Inventory, _: object) -> UpdateRequest:
        (baseline,) = invocation.prefixes_of((like,), inventory)
        return UpdateRequest(prefixes=invocation.prefixes_of(envs, inventory), like=baseline, offline=offline)

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)

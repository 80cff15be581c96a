"""`condatui list`: the environments of this machine."""

from __future__ import annotations

import click

from condatui.commands.describe import describe_channels, describe_inventory
from condatui.commands.invocation import Invocation
from condatui.commands.json_output import print_json
from condatui.commands.options import global_options, json_option
from condatui.commands.reporting import say, say_problems
from condatui_core.records.environment import Inventory


@click.command("list")
@click.option("--packages", is_flag=True, help="With --json, add the packages of each environment.")
@click.option("--channels", is_flag=True, help="Sum up by channel instead: packages and bytes of all environments.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, packages: bool, channels: bool, as_json: bool) -> None:
    """List the environments of this machine."""
    if packages and not as_json:
        raise click.UsageError("--packages needs --json; `condatui show ENV` prints the packages of one environment.")
    inventory = invocation.load()
    if channels and not as_json and inventory.environments:
        from condatui.commands.pages import print_channels  # noqa: PLC0415 - Rich is for people

        say_problems(inventory.problems)
        print_channels(invocation, describe_channels(inventory))
        return
    print_inventory(invocation, inventory, packages=packages, as_json=as_json)


def print_inventory(invocation: Invocation, inventory: Inventory, *, packages: bool, as_json: bool) -> None:
    """Print what was loaded on stdout, and what was wrong with it on stderr."""
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_inventory(inventory, packages=packages))
    elif inventory.environments:
        from condatui.commands.pages import print_environments  # noqa: PLC0415 - Rich is for people

        print_environments(invocation, inventory)
    else:
        say("No environments found. `--root DIR` looks in a directory, `--conda PATH` asks a conda.")

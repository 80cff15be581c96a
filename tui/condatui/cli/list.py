"""`condatui list`: list the environments of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from condatui.cli.documents.environments import describe_channels, describe_inventory
from condatui.cli.invocation import Invocation, global_options, json_option, say, say_problems
from condatui.json_documents import print_json
from condatui_core.records.environment import Inventory

if TYPE_CHECKING:
    from condatui_core.records.disk import DiskUse


@click.command("list")
@click.option("--packages", is_flag=True, help="With --json, add the packages of each environment.")
@click.option("--sizes", is_flag=True, help="Measure what each environment occupies on disk.")
@click.option("--channels", is_flag=True, help="Sum up by channel instead: packages and bytes of all environments.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, packages: bool, sizes: bool, channels: bool, as_json: bool) -> None:
    """List the environments of this machine.

    Sizes count hard links: `frees` is what the disk gains if only this environment is removed. Only `condatui disk
    --anew` notices a file that grew in place since the last measurement.
    """
    if packages and not as_json:
        raise click.UsageError("--packages needs --json; `condatui show ENV` prints the packages of one environment.")
    inventory = invocation.load(with_journals=True)
    if channels and not as_json and inventory.environments:
        from condatui.cli.pages.environments import print_channels  # noqa: PLC0415 - Rich is for people

        say_problems(inventory.problems)
        print_channels(invocation, describe_channels(inventory))
        return
    uses = _measure(invocation, inventory) if sizes else {}
    print_inventory(invocation, inventory, packages=packages, uses=uses, as_json=as_json)


def print_inventory(
    invocation: Invocation,
    inventory: Inventory,
    *,
    packages: bool,
    as_json: bool,
    uses: Mapping[str, DiskUse] = MappingProxyType({}),
) -> None:
    """Print the inventory and its measurement on stdout, and its problems on stderr."""
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_inventory(inventory, packages=packages, uses=uses))
    elif inventory.environments:
        from condatui.cli.pages.environments import print_environments  # noqa: PLC0415 - Rich is for people

        print_environments(invocation, inventory, uses)
    else:
        say("No environments found. `--root DIR` looks in a directory, `--conda PATH` asks a conda.")


def _measure(invocation: Invocation, inventory: Inventory) -> Mapping[str, DiskUse]:
    """Measure what each environment occupies, and report what could not be measured."""
    from condatui.cli.disk import measure_all  # noqa: PLC0415 - only sizes need it

    measurement = measure_all(invocation, inventory)
    found = {each.prefix: measurement.use_of(each.prefix) for each in inventory.environments}
    uses = {prefix: use for prefix, use in found.items() if use}
    for use in uses.values():
        say_problems(use.findings)
    return uses

"""`condatui disk`: what environments cost, and what removing them would free."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import click

from condatui.commands.disk_documents import Costs, describe_disk
from condatui.commands.invocation import Invocation
from condatui.commands.json_output import print_json
from condatui.commands.measuring import disk_of, measured
from condatui.commands.options import global_options, json_option
from condatui.commands.reporting import say_problems
from condatui_core.analyses.names import resolve
from condatui_core.disk.measure import Measurement
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment, Inventory


@click.command("disk")
@click.argument("envs", metavar="[ENV]...", nargs=-1)
@click.option("--anew", is_flag=True, help="Read every directory, also those that have not changed since last time.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, envs: tuple[str, ...], anew: bool, as_json: bool) -> None:
    """Measure what environments cost, by package, and what removing exactly these would free.

    ENV is a name, a prefix, or the name of a link to one; without it, all are meant. A file that grew in place since it
    was measured last is noticed with --anew alone.
    """
    inventory = invocation.load()
    say_problems(inventory.problems)
    chosen = _chosen(invocation, inventory, envs)
    measurement, costs = asyncio.run(_measure(invocation, inventory, chosen, anew=anew))
    for each in costs:
        say_problems(each.use.findings)
    caches = measurement.cache_uses(inventory.environments)
    document = describe_disk(costs, caches, measurement)
    if as_json:
        print_json(document)
    else:
        from condatui.commands.disk_page import print_disk  # noqa: PLC0415 - Rich is for people

        print_disk(invocation, document, by_package=bool(envs))


def _chosen(invocation: Invocation, inventory: Inventory, texts: Sequence[str]) -> tuple[Environment, ...]:
    """The environments that are meant, each once; UsageError for one that is not there."""
    if not texts:
        return tuple(each for each in inventory.environments if each.state != "missing")
    found = [resolve(inventory.environments, text, cwd=invocation.cwd, real_path=os.path.realpath) for text in texts]
    for each in found:
        if each.state == "missing":
            raise UsageError("There is nothing to measure.", f"{each.prefix} does not exist.")
    return tuple({each.prefix: each for each in found}.values())


async def _measure(
    invocation: Invocation, inventory: Inventory, chosen: Sequence[Environment], *, anew: bool
) -> tuple[Measurement, list[Costs]]:
    disk = disk_of(invocation)
    last = await measured(disk, inventory, anew=anew)
    costs = [
        Costs(environment, use, await disk.break_down(environment, last.places))
        for environment in chosen
        if (use := last.use_of(environment.prefix))
    ]
    return last, costs

"""`condatui disk`: measure what environments cost and what removing them would free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing

import click

from condatui.cli.completion_values import environments
from condatui.cli.documents.disk import Costs, describe_disk
from condatui.cli.invocation import Invocation, load_into
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.disk.measure import Measurement
from condatui_core.disk.usage import Disk, DiskUsage
from condatui_core.errors import UsageError
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment, Inventory
from condatui_core.text import sanitize, some_of
from condatui_core.workbench import Workbench

# Complete measurements for commands


def disk_of(invocation: Invocation) -> Disk:
    """The disk measurement for an invocation."""
    locations, environ, clock = invocation.locations, invocation.environ, invocation.clock
    return Disk(locations, environ=environ, clock=clock, settings=invocation.settings)


def load_measured(invocation: Invocation, workbench: Workbench) -> tuple[Inventory, Measurement]:
    """Load the complete inventory, and walk the disk meanwhile, for which a process of its own needs only names.

    The inventory has what journals and duplicates tell, as `Invocation.load` gives it.
    """
    last, measured = [Inventory()], [Measurement(places=(), sizes={})]
    asyncio.run(_load_measured(workbench, WalkMeanwhile(disk_of(invocation)), last, measured))
    return invocation.with_journals(workbench, last[0]), measured[0]


async def _load_measured(
    workbench: Workbench, walk: WalkMeanwhile, last: list[Inventory], measured: list[Measurement]
) -> None:
    await load_into(last, workbench, walk.following(workbench.load(names=True)), with_duplicates=True)
    measured[0] = await walk.of(last[0])


class WalkMeanwhile:
    """A walk that begins with the first names that are known, and once more if they were not all."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._places: tuple[DiskPlace, ...] = ()
        self._walk: asyncio.Task[Measurement] | None = None

    async def following(self, inventories: AsyncIterator[Inventory]) -> AsyncIterator[Inventory]:
        """The same inventories; the walk begins with the first that no conda can add to."""
        async for inventory in inventories:
            if self._walk is None and not inventory.asking_conda:
                self._begin(inventory)
            yield inventory

    async def of(self, inventory: Inventory) -> Measurement:
        """The measurement of an inventory. Raises CondatuiError if the walk fails."""
        if self._walk is None or self._disk.places(inventory) != self._places:
            if self._walk is not None:
                self._walk.cancel()
                await asyncio.wait([self._walk])
            self._begin(inventory)
        assert self._walk is not None
        return await self._walk

    def _begin(self, inventory: Inventory) -> None:
        self._places = self._disk.places(inventory)
        self._walk = asyncio.create_task(self._disk.measure_whole(inventory))


def say_left_out(environments: Iterable[Environment], measurement: Measurement) -> None:
    """Say which of these are not measured because the user does not want them to be walked."""
    if names := [sanitize(each.label) for each in environments if each.prefix in measurement.left_out]:
        say(f"Not measured, as the setting `unmeasured` says: {some_of(names)}.")


async def usage_of_all(disk: Disk, inventory: Inventory) -> DiskUsage:
    """Walk all environments and package caches; returns what is known of the disk in the end."""
    async with aclosing(disk.survey(inventory, interim=False)) as steps:
        last = await anext(steps)
        async for each in steps:
            last = each
    return last


@click.command("disk", epilog=examples("disk", "disk bert-finetune try-again-final-v2"))
@click.argument("envs", metavar="[ENV]...", nargs=-1, callback=note_prefixes, shell_complete=environments)
@click.option("--anew", is_flag=True, help="Read every directory, also unchanged ones.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, envs: tuple[str, ...], anew: bool, as_json: bool) -> None:
    """Measure what environments cost, by package, and what removing exactly these would free.

    ENV is a name, a prefix, or the name of a link to one; without it, all environments are measured. A file that was
    written to, and not replaced, since the last measurement counts as it was; --anew reads every file again.
    """
    inventory = invocation.load()
    say_problems(inventory.problems)
    chosen = _chosen(invocation, inventory, envs)
    measurement, costs = asyncio.run(_measure(invocation, inventory, chosen, anew=anew))
    for each in costs:
        say_problems(each.use.findings)
    say_left_out(chosen, measurement)
    caches = measurement.cache_uses(inventory.environments)
    document = describe_disk(costs, caches, measurement)
    if as_json:
        print_json(document)
    else:
        from condatui.cli.pages.disk import print_disk  # noqa: PLC0415 - Rich is for people

        print_disk(invocation, document, by_package=bool(envs))


def _chosen(invocation: Invocation, inventory: Inventory, texts: Sequence[str]) -> tuple[Environment, ...]:
    """The chosen environments, each once; UsageError for one that does not exist."""
    if not texts:
        return tuple(each for each in inventory.environments if each.state != "missing")
    found = [invocation.environment(inventory, text) for text in texts]
    for each in found:
        if each.state == "missing":
            raise UsageError("There is nothing to measure.", f"{each.prefix} does not exist.")
    return tuple({each.prefix: each for each in found}.values())


async def _measure(
    invocation: Invocation, inventory: Inventory, chosen: Sequence[Environment], *, anew: bool
) -> tuple[Measurement, list[Costs]]:
    disk = disk_of(invocation)
    last = await disk.measure_whole(inventory, anew=anew)
    costs = [
        Costs(environment, use, await disk.break_down(environment, last.places))
        for environment in chosen
        if (use := last.use_of(environment.prefix))
    ]
    return last, costs

"""`condatui gpu`: check whether frameworks can compute on the GPUs of this machine, and if not, why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import aclosing

import click

from condatui.cli.completion_values import environments
from condatui.cli.documents.gpu import describe_gpu
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.progress_line import ProgressLine
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.errors import UsageError
from condatui_core.gpu.check import GpuCheck, checked_unasked
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.gpu import Driver, GpuResult

_Checked = list[tuple[Environment, GpuResult]]


@click.command("gpu", epilog=examples("gpu nlp-exp", "gpu --static --json"))
@click.argument("envs", metavar="[ENV]...", nargs=-1, callback=note_prefixes, shell_complete=environments)
@click.option("--static", is_flag=True, help="Judge by files and driver alone; no Python of an environment is run.")
@click.option("--anew", is_flag=True, help="Check again, also if nothing has changed since the last check.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, envs: tuple[str, ...], static: bool, anew: bool, as_json: bool) -> None:
    """Check whether PyTorch (or TensorFlow, JAX, CuPy) really computes on a GPU, and if not, why.

    ENV is a name, a prefix, or the name of a link to one; without it, all environments are checked. One after the other
    is checked by its own Python, which changes nothing in it.
    """
    if static and anew:
        raise click.UsageError("--static and --anew exclude each other.")
    inventory = invocation.load()
    say_problems(inventory.problems)
    chosen = _chosen(invocation, inventory, envs)
    if not envs and not static:
        chosen = _own(chosen)
    driver, checked = asyncio.run(_check(invocation, chosen, static=static, anew=anew))
    if as_json:
        print_json(describe_gpu(driver, checked))
    else:
        from condatui.cli.pages.gpu import print_gpu  # noqa: PLC0415 - Rich is for people

        print_gpu(invocation, driver, checked, everything=bool(envs))


def _chosen(invocation: Invocation, inventory: Inventory, texts: Sequence[str]) -> tuple[Environment, ...]:
    """The chosen environments, each once; UsageError for one that does not exist."""
    if not texts:
        return tuple(each for each in inventory.environments if each.readable)
    found = [invocation.environment(inventory, text) for text in texts]
    for each in found:
        if each.state == "missing":
            raise UsageError("There is nothing to check.", f"{each.prefix} does not exist.")
    return tuple({each.prefix: each for each in found}.values())


def _own(chosen: tuple[Environment, ...]) -> tuple[Environment, ...]:
    own = checked_unasked(chosen, euid=os.geteuid())
    if left := len(chosen) - len(own):
        say(f"condatui: {left} of other users are left out: name one to run its Python as root.")
    return own


async def _check(
    invocation: Invocation, chosen: Sequence[Environment], *, static: bool, anew: bool
) -> tuple[Driver, _Checked]:
    gpu = GpuCheck(invocation.settings, invocation.locations, environ=invocation.environ, clock=invocation.clock)
    driver = await gpu.driver()
    if static:
        return driver, [(each, await gpu.preliminary(each)) for each in chosen]
    by_prefix = {each.prefix: each for each in chosen}
    checked: _Checked = []
    progress = ProgressLine()
    try:
        async with aclosing(gpu.check(chosen, anew=anew)) as results:
            async for each in results:
                if isinstance(each, GpuResult):
                    checked.append((by_prefix[each.prefix], each))
                else:
                    name = by_prefix[each.prefix].name
                    progress.show(f"checking {len(checked) + 1} of {len(chosen)}: {name} ({each.framework})")
    finally:
        progress.end()
    return driver, checked

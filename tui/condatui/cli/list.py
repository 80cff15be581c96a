"""`condatui list`: list the environments of this machine."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from condatui.cli.documents.environments import describe_channels, describe_inventory, describe_other_machines
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, snapshots_option
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui.view_models.environments.filter_fields import FilterFacts
from condatui.view_models.environments.filters import HELP, Filter, parse_filter
from condatui.view_models.environments.measures import gpu_word_of
from condatui_core.errors import UsageError
from condatui_core.records.environment import Inventory
from condatui_core.text import counted, sanitize, some_of

if TYPE_CHECKING:
    from condatui_core.records.disk import DiskUse
    from condatui_core.records.other_machine import OtherMachines
    from condatui_core.records.policy import GpuVerdict


def _help_on_filters() -> str:
    width = max(len(example) for example, _ in HELP)
    return "\n".join(("\b", "Filters:", *(f"  {example:{width}}  {meaning}" for example, meaning in HELP)))


_EXAMPLES = examples("list --sizes", "list --filter 'package:torch>=2.5 !finding:stale'")


@click.command("list", epilog=f"{_help_on_filters()}\n\n{_EXAMPLES}")
@click.option("--filter", "text", metavar="FILTER", help="Only environments that match, as below.")
@click.option("--packages", is_flag=True, help="With --json, add the packages of each environment.")
@click.option("--sizes", is_flag=True, help="Measure what each environment occupies on disk.")
@click.option("--channels", is_flag=True, help="Sum up by channel instead: packages and bytes of all environments.")
@snapshots_option
@json_option
@global_options
@click.pass_obj
def command(
    invocation: Invocation, *, text: str | None, packages: bool, sizes: bool, channels: bool, as_json: bool
) -> None:
    """List the environments of this machine, or with --snapshots those of others.

    Sizes count hard links: `frees` is what the disk gains if only this environment is removed. A file that was written
    to, and not replaced, since the last measurement counts as it was; `condatui disk --anew` reads every file again.
    """
    if packages and not as_json:
        raise click.UsageError("--packages needs --json; `condatui show ENV` prints the packages of one environment.")
    if sizes and channels:
        raise click.UsageError("--sizes and --channels exclude each other.")
    wanted = _filter(text, invocation)
    others = invocation.other_machines() if invocation.snapshots else None
    if others:
        whole, measured = others.inventory, _NOT_MEASURED
    elif sizes or wanted.fields & _MEASURED:
        whole, measured = _load_measured(invocation)
    else:
        whole, measured = invocation.load(with_journals=True, with_duplicates=True), _NOT_MEASURED
    facts = _facts_of_others(invocation, others) if others else _facts(invocation, whole, measured, wanted)
    judged = [(wanted.judge(each, facts), each) for each in whole.environments]
    inventory = replace(whole, environments=tuple(each for passes, each in judged if passes))
    if unknown := [each for passes, each in judged if passes is None]:
        names = some_of([sanitize(each.full_label) for each in unknown])
        say(f"Of {counted(len(unknown), 'environment')} it is not known whether they match: {names}.")
    if channels and not as_json and inventory.environments:
        from condatui.cli.pages.environments import print_channels  # noqa: PLC0415 - Rich is for people

        say_problems(inventory.problems)
        print_channels(invocation, describe_channels(inventory))
        return
    here = {each.prefix for each in inventory.environments}
    uses = {prefix: use for prefix, use in measured.items() if prefix in here}
    for use in uses.values():
        say_problems(use.findings)
    if whole.environments and not inventory.environments and not as_json:
        say(f"No environment matches `{text}`.")
        return
    if others:
        _print_others(invocation, others, inventory, packages=packages, columns=wanted.packages, as_json=as_json)
        return
    print_inventory(invocation, inventory, packages=packages, uses=uses, columns=wanted.packages, as_json=as_json)


def _print_others(
    invocation: Invocation,
    others: OtherMachines,
    inventory: Inventory,
    *,
    packages: bool,
    columns: Sequence[str],
    as_json: bool,
) -> None:
    """Print the environments of other machines as `print_inventory` does, with the sizes that their snapshots tell."""
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_other_machines(others, inventory, packages=packages))
        return
    from condatui.cli.pages.environments import print_rows  # noqa: PLC0415 - Rich is for people

    print_rows(invocation, inventory, others.costs or None, columns)


def print_inventory(
    invocation: Invocation,
    inventory: Inventory,
    *,
    packages: bool,
    as_json: bool,
    uses: Mapping[str, DiskUse] = MappingProxyType({}),
    columns: Sequence[str] = (),
) -> None:
    """Print the inventory and its measurement on stdout, and its problems on stderr.

    For people each of the packages in `columns` has a column that shows what an environment has of it.
    """
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_inventory(inventory, packages=packages, uses=uses))
    elif inventory.environments:
        from condatui.cli.pages.environments import print_environments  # noqa: PLC0415 - Rich is for people

        print_environments(invocation, inventory, uses, columns)
    else:
        say("No environments found. `--root DIR` looks in a directory, `--conda PATH` asks a conda.")


_NOT_MEASURED: Mapping[str, DiskUse] = MappingProxyType({})
_MEASURED = frozenset({"disk", "frees"})
"""The fields of a filter for which the disk is measured, as for `--sizes`."""


def _filter(text: str | None, invocation: Invocation) -> Filter:
    """The parsed filter, which lets all pass if there is none; UsageError that points at what is wrong in it."""
    if text is None:
        return parse_filter("")
    if not text.strip():
        raise UsageError("The filter is empty.", hint="Perhaps a variable in the command line is not set.")
    remembered = dict(invocation.workbench().marks().filters) if "@" in text else {}
    parsed = parse_filter(text, remembered=remembered)
    if "marked" in parsed.fields:
        parsed = Filter(text, error="Only the workbench has marks, for `marked:`.", position=text.find("marked:"))
    return without_error(parsed)


def without_error(parsed: Filter) -> Filter:
    """The filter; UsageError that points at what is wrong in it."""
    if parsed.error:
        pointer = " " * len(sanitize(parsed.text[: parsed.position])) + "^"
        detail = f"{sanitize(parsed.text)}\n{pointer}"
        raise UsageError(parsed.error, detail, "`condatui list --help` shows the filters.")
    return parsed


def _facts(
    invocation: Invocation, inventory: Inventory, measured: Mapping[str, DiskUse], wanted: Filter
) -> FilterFacts:
    """What the filter asks about this machine: its disk as it was measured, its GPUs as they were checked last."""
    verdicts: Mapping[str, GpuVerdict] = (
        invocation.workbench().gpu_verdicts(inventory) if "gpu" in wanted.fields else {}
    )
    return FilterFacts(
        now=invocation.clock(),
        here=socket.gethostname(),
        costs={prefix: use.cost for prefix, use in measured.items()},
        gpu_word=lambda prefix: gpu_word_of(verdicts.get(prefix)),
    )


def _facts_of_others(invocation: Invocation, others: OtherMachines) -> FilterFacts:
    """What the filter asks about other machines, as far as their snapshots tell it."""
    told: Mapping[str, GpuVerdict] = {prefix: verdict.kind for prefix, verdict in others.gpu.items()}
    return FilterFacts(
        now=invocation.clock(),
        costs=others.costs,
        gpu_word=lambda prefix: gpu_word_of(told.get(prefix)),
        unexamined=others.unexamined,
    )


def _load_measured(invocation: Invocation) -> tuple[Inventory, Mapping[str, DiskUse]]:
    """Load the inventory, and measure what each environment occupies beside all others."""
    from condatui.cli.disk import load_measured, say_left_out  # noqa: PLC0415 - only sizes need it

    whole, measurement = load_measured(invocation, invocation.workbench())
    say_left_out(whole.environments, measurement)
    found = {each.prefix: measurement.use_of(each.prefix) for each in whole.environments}
    return whole, {prefix: use for prefix, use in found.items() if use}

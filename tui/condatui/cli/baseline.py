"""`condatui baseline`: the environment that new ones are cloned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import Struct

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options, json_option
from condatui.cli.reporting import say, say_problems
from condatui.json_documents import print_json
from condatui_core.records.environment import BehindPackage, Environment, Inventory
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench


class BehindDocument(Struct, frozen=True, kw_only=True):
    """An environment that is made from the baseline, or alike to it, and behind it."""

    prefix: str
    """Its real path."""
    name: str
    """As in `list`."""
    packages: tuple[BehindPackage, ...]
    """What the baseline has in a newer version; requested ones first, then by name."""


class BaselineDocument(Struct, frozen=True, kw_only=True):
    """The environment that new ones are cloned from."""

    prefix: str | None
    """Its real path; None if none is set, so that conda's base is cloned, or if it cannot be found."""
    name: str | None
    """None as for `prefix`."""
    by_setting: bool
    """Whether the setting or the variable says it, which wins over what `--set` has remembered."""
    problem: str
    """Why it cannot be used; empty if it can."""
    behind: tuple[BehindDocument, ...]
    """The environments that are behind it, in the order of `list`."""


@click.command("baseline")
@click.option("--set", "chosen", metavar="ENV", help="Make this environment the baseline.")
@click.option("--unset", is_flag=True, help="Have no baseline; new environments are cloned from conda's base.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, chosen: str | None, unset: bool, as_json: bool) -> None:
    """Say which environment new ones are cloned from, and which ones are behind it; or set it.

    It is remembered in keep.yaml beside the settings; the setting `baseline` and its variable win.
    """
    if unset and chosen is not None:
        raise click.UsageError("--set and --unset exclude each other.")
    if chosen is not None:
        invocation = invocation.adding(prefixes=(chosen,))
    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    if chosen is not None or unset:
        inventory = _set(invocation, workbench, inventory, chosen)
    say_problems(inventory.problems)
    document = _document(inventory, by_setting=bool(workbench.settings.baseline))
    if as_json:
        print_json(document)
    elif chosen is not None or unset:
        say(_in_words(document))
    else:
        click.echo(_in_words(document))
        for each in document.behind:
            click.echo(f"{sanitize(each.name)} is behind it in {len(each.packages)}: {_listed(each.packages)}")


def _set(invocation: Invocation, workbench: Workbench, inventory: Inventory, chosen: str | None) -> Inventory:
    """Remember the baseline, or with None that there is none; returns the inventory after that."""
    import asyncio  # noqa: PLC0415 - `--help` needs none

    prefix = "" if chosen is None else invocation.environment(inventory, chosen).prefix
    asyncio.run(workbench.set_baseline(prefix))
    return invocation.load(workbench)


def _document(inventory: Inventory, *, by_setting: bool) -> BaselineDocument:
    found: Environment | None = inventory.baseline
    return BaselineDocument(
        prefix=found.prefix if found else None,
        name=found.name if found else None,
        by_setting=by_setting,
        problem=inventory.baseline_problem,
        behind=tuple(
            BehindDocument(prefix=each.prefix, name=each.name, packages=each.behind)
            for each in inventory.environments
            if each.behind
        ),
    )


def _in_words(document: BaselineDocument) -> str:
    if document.name is None:
        return "There is no baseline: new environments are cloned from conda's base."
    by = " by the setting `baseline`" if document.by_setting else ""
    return f"The baseline is {sanitize(document.name)}{by}: {sanitize(document.prefix or '')}"


def _listed(packages: tuple[BehindPackage, ...]) -> str:
    return ", ".join(f"{sanitize(each.name)} {sanitize(each.version)} → {sanitize(each.newer)}" for each in packages)

"""`condatui clone`: create an environment like another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import environments
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, no_blanks, note_prefixes, offline_option
from condatui.cli.run_action import acting_options, run_action
from condatui_core.analyses.environments import resolve
from condatui_core.errors import NoCondaError, UsageError
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.request import CloneRequest
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


def _specs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The specs to add. BadParameter for one that is blank, or that conda would take for an option."""
    for spec in given:
        if spec.startswith("-"):
            raise click.BadParameter(f"`{sanitize(spec)}` is no spec of a package, such as numpy, or numpy=1.26.")
    return no_blanks(context, parameter, given)


@click.command(
    "clone", epilog=examples("clone nlp-exp nlp-try", "clone nlp-exp nlp-try --add 'transformers>=4.48' --dry-run")
)
@click.argument(
    "names", metavar="[SRC] NAME", nargs=-1, required=True, callback=note_prefixes, shell_complete=environments
)
@click.option(
    "--add",
    metavar="SPEC",
    multiple=True,
    callback=_specs,
    help="Install this into it afterwards; may be given again.",
)
@click.option("--with-conda", is_flag=True, help="Include conda itself in a clone of base.")
@offline_option
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    names: tuple[str, ...],
    add: tuple[str, ...],
    with_conda: bool,
    offline: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Create an environment like another one, hard-linked from the package cache; nothing is ever replaced.

    SRC is a name or a prefix; without it, the baseline is cloned, or conda's base if none is set. NAME is a name, or a
    path if it contains a slash.
    """
    if not 1 <= len(names) <= 2:
        raise click.UsageError(f"There are {len(names)} names, but SRC and NAME are expected.")

    def request(inventory: Inventory, context: JobContext) -> CloneRequest:
        from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - `--help` needs none of the core

        source = _source(inventory, tuple(map(invocation.spelled_out, names[:-1])), invocation.cwd)
        target = target_prefix(names[-1], source, context, cwd=invocation.cwd)
        return CloneRequest(source=source.prefix, target=target, add=add, with_conda=with_conda, offline=offline)

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)


def _source(inventory: Inventory, given: tuple[str, ...], cwd: str) -> Environment:
    """The environment to clone; UsageError if it does not exist."""
    environments = inventory.environments
    if given:
        return resolve(environments, given[0], cwd=cwd, real_path=os.path.realpath)
    if problem := inventory.baseline_problem:
        raise UsageError("The baseline cannot be used.", problem, "Name a source: condatui clone SRC NAME.")
    if inventory.baseline:
        return inventory.baseline
    base = next((each for each in environments if each.base), None)
    if base is None:
        raise NoCondaError("There is no base to clone.", hint="Name a source: condatui clone SRC NAME.")
    return base

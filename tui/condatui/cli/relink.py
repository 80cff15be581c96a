"""`condatui relink`: store the same files once, and make those of one environment its own again."""

from __future__ import annotations

import click

from condatui.cli.completion_values import environments
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.run_action import acting_options, run_action
from condatui_core.errors import UsageError
from condatui_core.records.relinking import SMALLEST, LinkMethod
from condatui_core.records.request import RelinkRequest, SeparateRequest
from condatui_core.text import parse_bytes


@click.command("relink", epilog=examples("relink --dry-run", "relink --undo nlp-exp"))
@click.argument("envs", metavar="[ENV...]", nargs=-1, shell_complete=environments)
@click.option(
    "--method",
    type=click.Choice(["reflink", "hardlink"]),
    help="How files are joined; by default as shared blocks where the file system can, otherwise as hard links.",
)
@click.option("--smallest", metavar="SIZE", help="Leave smaller files alone; by default 4096, a number or as `1M`.")
@click.option(
    "--undo",
    metavar="ENV",
    shell_complete=environments,
    help="Copy what was joined in this environment, so that it is its own again.",
)
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    envs: tuple[str, ...],
    method: LinkMethod | None,
    smallest: str | None,
    undo: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Store once what environments and package caches store several times; nothing is removed.

    ENV is a name or a prefix; without any, all environments. Files are joined if a package owns them, their contents
    are the same byte for byte, and nobody writes to them. Where the file system can, they share blocks and stay
    independent; elsewhere they become hard links, as conda makes them: who edits one in place changes all.
    """
    if undo is not None and (envs or method or smallest):
        raise UsageError("--undo takes one environment and nothing else.")
    size = SMALLEST if smallest is None else parse_bytes(smallest)
    run_action(
        invocation,
        lambda inventory, _: (
            RelinkRequest(prefixes=invocation.prefixes_of(envs, inventory), method=method, smallest=size)
            if undo is None
            else SeparateRequest(prefix=invocation.prefixes_of((undo,), inventory)[0])
        ),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )

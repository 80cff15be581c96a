"""`condatui nodes`: whether machines that should be the same are, and who differs in what."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import click

from condatui.cli.documents.nodes import describe_nodes
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, snapshots_option
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.analyses.nodes import NodeKey, node_groups
from condatui_core.errors import UsageError
from condatui_core.records.node import NodeGroup
from condatui_core.text import counted, sanitize


@click.command(
    "nodes",
    epilog=examples("nodes --snapshots snapshots", "nodes nlp-exp --snapshots snapshots --differing --exit-code"),
)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@snapshots_option
@click.option("--by", type=click.Choice(("name", "path")), default="name", help="What makes two of them the same one.")
@click.option("--differing", is_flag=True, help="Only what is not the same everywhere.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
@json_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    names: tuple[str, ...],
    by: NodeKey,
    differing: bool,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Show which environments are the same on all machines, who differs in what, and who has none.

    --snapshots says which machines. Each environment that two or more have is a row; NAME picks some, with --by path
    by their prefixes. The same are all that have the same packages in the same builds. What most have is what others
    differ from; of two that equally many have, what was changed last. If most have it, the others are missing it.
    """
    invocation: Invocation = context.obj
    if not invocation.snapshots:
        hint = "Collect some with `condatui snapshot -o DIR`, then name DIR with --snapshots."
        raise UsageError("Nodes are compared by their snapshots, and none are named.", hint=hint)
    others = invocation.other_machines()
    say_problems(others.inventory.problems)
    hosts = [each.host for each in others.machines]
    found = node_groups(others.inventory, hosts, by=by)
    known = [(each.path if by == "path" else each.name, each) for each in found]
    if unknown := [name for name in names if name not in dict(known)]:
        title = f"No two of these machines have an environment `{sanitize(unknown[0])}`."
        raise UsageError(title, hint="`condatui list --snapshots DIR` shows who has what.")
    groups = [each for name, each in known if (not names or name in names) and not (differing and each.uniform)]
    with suppress(BrokenPipeError):  # the exit code is for those who do not read
        if as_json:
            print_json(describe_nodes(groups, hosts))
        elif groups:
            from condatui.cli.pages.nodes import print_nodes  # noqa: PLC0415 - Rich is for people

            print_nodes(invocation, groups)
        else:
            say(_why_nothing(found, hosts))
    if exit_code and not all(each.uniform for each in groups):
        context.exit(1)


def _why_nothing(found: Sequence[NodeGroup], hosts: Sequence[str]) -> str:
    if found:
        return "All are the same everywhere."
    if len(hosts) < 2:
        return f"There is nothing to compare: the snapshots tell of {counted(len(hosts), 'machine')}."
    return "No two of these machines have an environment in common."

"""`condatui compare`: environments side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from condatui.commands.compare_columns import Columns
from condatui.commands.invocation import Invocation
from condatui.commands.json_output import print_json
from condatui.commands.options import global_options, json_option
from condatui.commands.reporting import say, say_problems
from condatui.view_models.compare_rows import KINDS, Looking
from condatui_core.analyses.compare import compare
from condatui_core.errors import UsageError
from condatui_core.records.comparison import Comparison, Row

_ONLY = tuple(kind for kind in KINDS if kind != "all")


@click.command("compare")
@click.argument("envs", metavar="ENV ENV...", nargs=-1)
@click.option("--only", type=click.Choice(_ONLY), help="Only packages that differ so; `requested`: that you asked for.")
@click.option("--all", "everything", is_flag=True, help="All packages, those too that are the same.")
@click.option("--reference", metavar="ENV", help="The one that signs are against; the first unless given.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if any package that was asked for differs.")
@click.option("--markdown", "written", flag_value="markdown", help="Print a Markdown table.")
@click.option("--csv", "written", flag_value="csv", help="Print CSV.")
@json_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    envs: tuple[str, ...],
    only: str | None,
    everything: bool,
    reference: str | None,
    exit_code: bool,
    written: str | None,
    as_json: bool,
) -> None:
    """Show environments side by side: what they have in common and what differs.

    ENV is a name or a prefix, or a file: an environment.yml, an explicit list, a conda-lock.yml, or what
    `condatui show ENV --json` printed, also on another machine.
    """
    if only and everything:
        raise click.UsageError("--only and --all exclude each other.")
    if as_json and written:
        raise click.UsageError(f"--json and --{written} exclude each other.")
    invocation: Invocation = context.obj
    comparison = _compare(invocation, envs, reference)
    # Who prints for people leaves out what is the same; who prints for programs leaves that to them.
    kind = "all" if everything else only or ("all" if as_json else "differing")
    rows = Looking(kind=kind).of(comparison.rows)
    _print(invocation, comparison, rows, "json" if as_json else written)
    if not rows and not as_json:
        say("Nothing differs." if kind == "differing" else "There are no such packages.")
    if exit_code and any(row.status != "same" for row in rows):
        context.exit(1)


def _compare(invocation: Invocation, texts: Sequence[str], reference: str | None) -> Comparison:
    inventory = invocation.load()
    say_problems(inventory.problems)
    columns = Columns(invocation, inventory)
    listings = columns.listings(texts)
    if reference is None:
        return compare(listings)
    places = [columns.place(text) for text in texts]
    place = columns.place(reference)
    if place not in places:
        raise UsageError(f"`{reference}` is not among those that are compared.", hint=f"These are: {', '.join(texts)}.")
    return compare(listings, places.index(place))


def _print(invocation: Invocation, comparison: Comparison, rows: Sequence[Row], written: str | None) -> None:
    if written == "json":
        from condatui.view_models.compare_documents import describe_comparison  # noqa: PLC0415 - each its own

        print_json(describe_comparison(comparison, rows))
    elif written:
        from condatui.view_models.compare_export import comma_separated, markdown  # noqa: PLC0415 - as above

        sys.stdout.write((markdown if written == "markdown" else comma_separated)(comparison, rows))
    else:
        from condatui.commands.compare_page import print_comparison  # noqa: PLC0415 - Rich is for people

        print_comparison(invocation, comparison, rows)

"""`condatui slim`: what a service would not need of an environment, what a command uses of it, and a slimmed copy."""

from __future__ import annotations

import click

from condatui.cli.completion_values import environments
from condatui.cli.documents.slim import describe_slimming
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_flag, note_prefixes
from condatui.cli.slimmed_copy import Copying, copying_options, make_copy
from condatui.cli.stderr import say_problems
from condatui.cli.traced import RunsRest, traced, tracing_options
from condatui.json_documents import print_json
from condatui_core.records.usage import Run


@click.command(
    "slim",
    cls=RunsRest,
    epilog=examples("slim nlp-exp", "slim nlp-exp --into nlp-service --classes tests,documentation"),
)
@click.argument("env", callback=note_prefixes, shell_complete=environments)
@tracing_options
@copying_options
@json_flag("Print one JSON document; with --into plan, events and result as lines of JSON.")
@global_options
@click.pass_context
def command(
    context: click.Context, /, *, env: str, copying: Copying | None, running: Run | None, as_json: bool
) -> None:
    """Show what a service would not need of an environment, by class and risk.

    ENV is a name, a prefix, or the name of a link to one. Every file is in one class: byte code, tests, documentation,
    packages that nobody asked for, and so on. With --run or --trace, see which packages a command really uses. With
    --into, make a copy without the rest. ENV itself is never changed.
    """
    invocation: Invocation = context.obj
    if copying and running:
        raise click.UsageError("--into excludes --run and --trace.")
    if copying:
        make_copy(invocation, env, copying, as_json=as_json)
    else:
        _show(context, invocation, env, running, as_json=as_json)


def _show(context: click.Context, invocation: Invocation, env: str, running: Run | None, *, as_json: bool) -> None:
    """Print the classes; of a command that is run, which packages it used. Exit with 1 if that command failed."""
    import asyncio  # noqa: PLC0415 - `--help` needs none

    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    environment = invocation.environment(inventory, env)
    say_problems(inventory.problems)
    usage = traced(workbench, environment, running) if running else None
    if as_json or usage is None:
        slimming = asyncio.run(workbench.slimming(environment, inventory))
        if as_json:
            print_json(describe_slimming(environment, slimming, usage))
        else:
            from condatui.cli.pages.slim import print_slimming  # noqa: PLC0415 - Rich is for people

            print_slimming(invocation, slimming)
    else:
        from condatui.cli.pages.usage import print_usage  # noqa: PLC0415 - as above

        print_usage(invocation, environment.name, usage)
    if usage and usage.end == "exited" and usage.exit_code:
        context.exit(1)

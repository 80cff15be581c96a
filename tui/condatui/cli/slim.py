"""`condatui slim`: what a service would not need of an environment, by class and risk."""

from __future__ import annotations

import click

from condatui.cli.documents.slim import describe_slimming
from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options, json_option, note_prefixes
from condatui.cli.reporting import say_problems
from condatui.json_documents import print_json


@click.command("slim")
@click.argument("env", callback=note_prefixes)
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, env: str, as_json: bool) -> None:
    """Show what a service would not need of an environment, by class and risk.

    ENV is a name, a prefix, or the name of a link to one. Every file is in one class: byte code, tests, documentation,
    packages that nobody asked for, and so on. Nothing is changed.
    """
    import asyncio  # noqa: PLC0415 - `--help` needs none

    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    environment = invocation.environment(inventory, env)
    slimming = asyncio.run(workbench.slimming(environment, inventory))
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_slimming(environment, slimming))
    else:
        from condatui.cli.pages.slim import print_slimming  # noqa: PLC0415 - Rich is for people

        print_slimming(invocation, slimming)

"""`condatui show`: one environment."""

from __future__ import annotations

import click

from condatui.cli.documents.environments import describe_environment
from condatui.cli.invocation import Invocation, global_options, json_option, note_prefixes, say_problems
from condatui.json_documents import print_json


@click.command("show")
@click.argument("env", callback=note_prefixes)
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, env: str, as_json: bool) -> None:
    """Show one environment: its findings, channels and packages.

    ENV is a name, a prefix, or the name of a link to one.
    """
    inventory = invocation.load()
    environment = invocation.environment(inventory, env)
    config = inventory.channel_config(environment)
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_environment(environment, config))
    else:
        from condatui.cli.pages.environments import print_environment  # noqa: PLC0415 - Rich is for people

        print_environment(invocation, environment, config)

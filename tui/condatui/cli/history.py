"""`condatui history`: what each revision of an environment changed, and whether it can be gone back to."""

from __future__ import annotations

import os

import click

from condatui.cli.completion_values import environments
from condatui.cli.documents.history import describe_history
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize


def say_unreadable(environment: Environment) -> None:
    """Say that the history cannot be read, if that is so: no revisions are not the same."""
    for each in environment.contents.unreadable if environment.contents else ():
        if os.path.basename(each.path) == "history":
            say(f"condatui: The history of {sanitize(environment.name)} cannot be read: {sanitize(each.reason)}")


@click.command("history", epilog=examples("history nlp-exp", "history nlp-exp --json"))
@click.argument("env", callback=note_prefixes, shell_complete=environments)
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, env: str, as_json: bool) -> None:
    """Show what each revision of an environment changed, newest first, and whether it can be gone back to.

    ENV is a name, a prefix, or the name of a link to one. Nothing is downloaded and no channel is asked.
    """
    import asyncio  # noqa: PLC0415 - `--help` needs none

    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    environment = invocation.environment(inventory, env)
    facts = asyncio.run(workbench.revisions(environment))
    say_problems(inventory.problems)
    say_unreadable(environment)
    if as_json:
        print_json(describe_history(environment, facts))
    else:
        from condatui.cli.pages.history import print_history  # noqa: PLC0415 - Rich is for people

        print_history(invocation, environment, facts)

"""`condatui show`: one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import environments
from condatui.cli.documents.environments import describe_environment
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.stderr import say_problems
from condatui.json_documents import print_json
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench


@click.command("show", epilog=examples("show nlp-exp", "show nlp-exp --checksums --json"))
@click.argument("env", callback=note_prefixes, shell_complete=environments)
@click.option("--checksums", is_flag=True, help="Read every file of conda packages, instead of their sizes and times.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, env: str, checksums: bool, as_json: bool) -> None:
    """Show one environment: its findings, channels and packages.

    ENV is a name, a prefix, or the name of a link to one.
    """
    workbench = invocation.workbench()
    inventory = invocation.load(workbench, with_duplicates=True)
    environment = invocation.environment(inventory, env)
    config = inventory.channel_config(environment)
    environment = _with_files_checked(workbench, environment, checksums=checksums)
    say_problems(inventory.problems)
    if as_json:
        print_json(describe_environment(environment, config))
    else:
        from condatui.cli.pages.environments import print_environment  # noqa: PLC0415 - Rich is for people

        print_environment(invocation, environment, config)


def _with_files_checked(workbench: Workbench, environment: Environment, *, checksums: bool) -> Environment:
    """The environment with what is wrong with its files, which no list looks for."""
    import asyncio  # noqa: PLC0415 - `--help` needs none

    from condatui_core.analyses.environments import with_findings  # noqa: PLC0415 - as above

    if environment.contents is None:
        return environment
    findings = asyncio.run(workbench.check_files(environment, checksums=checksums))
    return with_findings(environment, findings, source="file-check")

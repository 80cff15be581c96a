"""`condatui verify`: how an environment differs from a file that describes it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import environments, files
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.records.drift import Verification
    from condatui_core.records.environment import Environment
    from condatui_core.records.solution import Solution


@click.command(
    "verify", epilog=examples("verify nlp-exp environment.yml", "verify nlp-exp environment.yml --solve --json")
)
@click.argument("env", metavar="ENV", callback=note_prefixes, shell_complete=environments)
@click.argument("file", metavar="FILE", shell_complete=files)
@click.option("--solve", is_flag=True, help="Ask conda as well whether it can still build the file; nothing is made.")
@click.option("--offline", is_flag=True, help="With --solve: ask only what is on this machine.")
@click.option(
    "--platform",
    metavar="PLATFORM",
    help="Read the file for this platform, such as `linux-64`; by default this machine's.",
)
@json_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    env: str,
    file: str,
    solve: bool,
    offline: bool,
    platform: str | None,
    as_json: bool,
) -> None:
    """Say how an environment differs from a file that describes it, in both directions; exit with 1 if it does.

    FILE is an environment.yml, a list of URLs, specs or requirements, a conda-lock.yml, a pixi.lock, or what
    `condatui show ENV --json` printed; FILE#NAME reads one environment of a pixi.lock, or an optional category of a
    conda-lock.yml as well. Nothing is changed.
    """
    if offline and not solve:
        raise click.UsageError("--offline needs --solve.")
    import asyncio  # noqa: PLC0415 - `--help` needs none

    invocation: Invocation = context.obj
    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    say_problems(inventory.problems)
    environment = invocation.environment(inventory, env)
    path = invocation.absolute(file)
    found = asyncio.run(workbench.verify(environment, path, inventory.channel_config(environment), platform=platform))
    solving = workbench.solve(environment, path, offline=offline, platform=platform) if solve else None
    solution = asyncio.run(solving) if solving else None
    _say_unread(environment)
    with suppress(BrokenPipeError):  # the exit code is for those who do not read
        _print(invocation, environment, path, found, solution, as_json=as_json)
    if found.drift or (solution and solution.solvable is False):
        context.exit(1)


def _say_unread(environment: Environment) -> None:
    """Say which files of the environment could not be read: what they hold counts as missing."""
    for problem in environment.contents.unreadable if environment.contents else ():
        say(f"condatui: {sanitize(os.fspath(problem.path))}: {sanitize(problem.reason)}")


def _print(
    invocation: Invocation,
    environment: Environment,
    file: str,
    found: Verification,
    solution: Solution | None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        from condatui.cli.documents.verification import describe_verification  # noqa: PLC0415 - only for this output

        print_json(describe_verification(environment, file, found, solution))
        return
    from condatui.cli.pages.verification import print_verification  # noqa: PLC0415 - Rich is for people

    print_verification(invocation, environment, file, found, solution)

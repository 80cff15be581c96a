"""`condatui ship`: write a directory that an image with an environment is built from."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from condatui.cli.completion_values import directories, environments
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, note_prefixes
from condatui.cli.run_action import acting_options, run_action
from condatui.cli.slim_classes import DEFAULT, complete_classes, read_classes
from condatui_core.errors import UsageError
from condatui_core.records.environment import Inventory
from condatui_core.records.request import IMAGE_BASE, ShipRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


@click.command(
    "ship",
    epilog=examples(
        "ship nlp-exp -o image --command 'python -m service' --port 8080",
        "ship nlp-exp -o image --from archive --slim --force",
    ),
)
@click.argument("env", callback=note_prefixes, shell_complete=environments)
@click.option(
    "-o",
    "--output",
    "directory",
    required=True,
    metavar="DIR",
    shell_complete=directories,
    help="A directory that is new or empty.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(("lock", "archive")),
    default="lock",
    show_default=True,
    help="Build it from a list of packages with checksums, or from the packed environment, without network.",
)
@click.option("--base", default=IMAGE_BASE, show_default=True, metavar="IMAGE", help="With a tag or a digest.")
@click.option("--command", "command_line", default="", metavar="COMMAND", help="What a container runs; else python.")
@click.option("--port", type=int, metavar="N", help="The port that the service listens to.")
@click.option(
    "--no-variables", "variables", is_flag=True, flag_value=False, default=True, help="Leave out environment variables."
)
@click.option(
    "--slim",
    metavar="A,B,...",
    is_flag=False,
    flag_value=DEFAULT,
    default=None,
    callback=read_classes,
    shell_complete=complete_classes,
    help="Leave these classes of files out; `default`, or none, for all whose risk is none or low.",
)
@click.option("--force", "replace", is_flag=True, help="Replace what an earlier ship has written.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    env: str,
    directory: str,
    command_line: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **how: Any,  # noqa: ANN401 - the options are named like the request's fields
) -> None:
    """Write what a service image is built from: Dockerfile, packages, environment.yml, and what it will weigh.

    ENV is a name or a prefix. The same environment gives the same bytes.
    """
    words = _words(command_line)

    def request(inventory: Inventory, _: JobContext) -> ShipRequest:
        environment = invocation.environment(inventory, env)
        into = invocation.absolute(directory)
        return ShipRequest(prefix=environment.prefix, directory=into, command=words, **how)

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)


def _words(command_line: str) -> tuple[str, ...]:
    """The words of a command. UsageError if a quote in it has no end."""
    try:
        return tuple(shlex.split(command_line))
    except ValueError as error:
        raise UsageError("The command cannot be read.", str(error), "Quote it as in a shell.") from error

"""`condatui unpack`: make an environment of an archive that `condatui pack` or conda-pack has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import directories, files
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.environment import Inventory
from condatui_core.records.request import UnpackRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


@click.command(
    "unpack",
    epilog=examples("unpack nlp-exp.tar.gz /srv/envs/nlp-exp", "unpack nlp-exp.tar.gz ./nlp-exp --register --dry-run"),
)
@click.argument("archive", shell_complete=files)
@click.argument("directory", metavar="DIR", shell_complete=directories)
@click.option("--register", is_flag=True, help="Let conda list the environment: note it in environments.txt.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    archive: str,
    directory: str,
    register: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make an environment of a packed one, proven to start here.

    ARCHIVE is checked first: against its checksum beside it, and against this machine's platform, C library and GPU
    driver. DIR must not be there, or be empty. No conda is needed.
    """
    file, target = invocation.absolute(archive), invocation.absolute(directory)

    def request(inventory: Inventory, context: JobContext) -> UnpackRequest:  # noqa: ARG001 - unused
        return UnpackRequest(archive=file, target=target, register=register)

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)

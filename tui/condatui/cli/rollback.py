"""`condatui rollback`: bring an environment back to how it was after a revision, or at a restore point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from condatui.cli.completion_values import environments, restore_points
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, offline_option
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.environment import Inventory
from condatui_core.records.request import RestoreRequest, RollbackRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


@click.command("rollback", epilog=examples("rollback nlp-exp", "rollback nlp-exp 3 --dry-run"))
@click.argument("env", shell_complete=environments)
@click.argument("to", metavar="[REVISION|RESTORE-POINT]", required=False, shell_complete=restore_points)
@offline_option
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation, *, env: str, to: str | None, offline: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Bring an environment back to the packages that it had after REVISION, as `condatui history ENV` numbers them.

    ENV is a name or a prefix. What pip has installed stays. With the id of a RESTORE-POINT, all of it is as it was
    then, file for file. Without either, it goes back to before its last change; the plan says by which of them. How it
    is now is kept in another restore point: `condatui restore --yes` undoes it.
    """

    def request(inventory: Inventory, context: JobContext) -> RollbackRequest | RestoreRequest:
        from condatui_core.actions.restore import listing  # noqa: PLC0415 - `--help` needs none

        (prefix,) = invocation.prefixes_of((env,), inventory)
        if to is not None and not to.isdecimal():
            return RestoreRequest(id=listing.restore_point_of(prefix, to, context))
        if to is not None:
            return RollbackRequest(prefix=prefix, revision=int(to), offline=offline)
        found = listing.before_last_change(invocation.environment(inventory, env), context)
        return replace(found, offline=offline) if isinstance(found, RollbackRequest) else found

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)

"""`condatui restore`: bring environments back to how they were, and list the restore points."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from condatui.cli.completion_values import restore_points
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.run_action import acting_options, run_in_workbench
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.records.request import RestoreRequest, SeveralRequest
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.text import counted, sanitize, some_of

if TYPE_CHECKING:
    from condatui_core.actions.last_change import Undo
    from condatui_core.actions.protocol import JobContext
    from condatui_core.workbench import Workbench


class RestorePointsDocument(Struct, frozen=True, kw_only=True):
    """The document of `condatui restore --list --json`."""

    restore_points: tuple[RestorePointSummary, ...]
    """Newest first."""


@click.command("restore", epilog=examples("restore --list", "restore 20260301-120000-nlp-try nlp-old"))
@click.argument("points", metavar="[ID]...", nargs=-1, shell_complete=restore_points)
@click.option("--list", "only_list", is_flag=True, help="List the restore points.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation, *, points: tuple[str, ...], only_list: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Bring an environment back under its prefix, file for file, whether it was removed or changed.

    ID is the id of a restore point, or the name or prefix of an environment: its newest restore point is used then,
    one of the whole environment if there is any. If the environment is there, it is brought back to how it was, and
    how it is now is kept in another restore point. Several are one plan, one after the other. Without ID, the restore
    points are listed; with --yes or --dry-run, the last job is undone as a whole: all that it has removed or
    changed comes back, and the plan names what cannot. `condatui relink --undo` undoes a relink.
    """
    if only_list and points:
        raise click.UsageError("--list takes no ID.")
    if only_list or (not points and not (yes or dry_run)):
        _print_list(invocation, as_json=as_json)
        if not (only_list or as_json):
            say("`condatui restore ID` restores one of them.")
        return
    wanted = [invocation.spelled_out(each) for each in points]
    workbench = invocation.workbench()
    run_in_workbench(
        invocation,
        workbench,
        lambda _, context: _request(wanted, workbench, context),
        lambda _: None,
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )


def _request(texts: Sequence[str], workbench: Workbench, context: JobContext) -> Undo:
    from condatui_core.actions.restore import listing  # noqa: PLC0415 - `--help` needs none

    if not texts:
        return workbench.undo_in(None, context)
    found = dict.fromkeys(listing.find_restore_point(each, context) for each in texts)
    parts = tuple(RestoreRequest(id=each) for each in found)
    return parts[0] if len(parts) == 1 else SeveralRequest(parts=parts)


def _print_list(invocation: Invocation, *, as_json: bool) -> None:
    points = asyncio.run(_restore_points(invocation))
    if as_json:
        print_json(RestorePointsDocument(restore_points=points))
    elif points:
        from condatui.cli.pages.restore_points import print_restore_points  # noqa: PLC0415 - Rich is for people

        print_restore_points(invocation, points)
    else:
        say("There are no restore points: nothing was removed with condatui, or none was made.")
    if not as_json:
        _say_what_is_joined(invocation.locations.relinked)


def _say_what_is_joined(directory: Path) -> None:
    """Relinks have no restore points: say where their way back is."""
    from condatui_core.actions.joined_files import joined_environments  # noqa: PLC0415 - as above

    if joined := joined_environments(directory):
        count = counted(len(joined), "environment has", "environments have")
        names = some_of([sanitize(each.prefix) for each in joined])
        say(f"{count} files that a relink has joined; `condatui relink --undo ENV` undoes it in one: {names}")


async def _restore_points(invocation: Invocation) -> tuple[RestorePointSummary, ...]:
    from condatui_core.actions.restore.listing import restore_points  # noqa: PLC0415 - as above

    workbench = invocation.workbench()
    context = await workbench.job_context()
    say_problems((*context.inventory.problems, *await asyncio.to_thread(workbench.journal_findings)))
    return await restore_points(context)

"""`condatui merge`: replace an environment by a clone of another one, with what only it has added."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import environments
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, note_prefixes, offline_option
from condatui.cli.run_action import acting_options, run_action
from condatui_core.analyses.environments import resolve
from condatui_core.records.environment import Inventory
from condatui_core.records.request import MergeRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


@click.command(
    "merge", epilog=examples("merge nlp-try --into nlp-exp --dry-run", "merge nlp-try --into nlp-exp --name nlp")
)
@click.argument("member", metavar="MEMBER", callback=note_prefixes, shell_complete=environments)
@click.option(
    "--into",
    "keeper",
    metavar="KEEPER",
    required=True,
    callback=note_prefixes,
    shell_complete=environments,
    help="What it is merged into.",
)
@click.option("--name", metavar="NAME", default="", help="Name the merged one so; a path if it contains a slash.")
@offline_option
@click.option("--put-back", is_flag=True, help="Take an interrupted merge back: MEMBER gets its path again.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    member: str,
    keeper: str,
    name: str,
    offline: bool,
    put_back: bool,
    **acting: bool,
) -> None:
    """Replace MEMBER by a clone of KEEPER to which what its user requested, and only it has, is added.

    conda's dry run has to accept it. The plan says first what moves for the user of MEMBER: newer and older versions,
    and what is not there any more. A restore point of MEMBER is made first; if the result lacks something that was
    requested, or cannot import it, MEMBER is put back as it was. KEEPER is not changed.
    """

    def request(inventory: Inventory, context: JobContext) -> MergeRequest:
        from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - `--help` needs none of the core

        def found(text: str) -> str:
            spelled = invocation.spelled_out(text)
            if put_back and os.sep in spelled:
                return os.path.normpath(os.path.join(invocation.cwd, spelled))
            return resolve(inventory.environments, spelled, cwd=invocation.cwd, real_path=os.path.realpath).prefix

        kept = found(keeper)
        target = target_prefix(name, context.environment(kept), context, cwd=invocation.cwd) if name else ""
        return MergeRequest(keeper=kept, member=found(member), target=target, offline=offline, put_back=put_back)

    run_action(invocation, request, **acting)

"""`condatui remove`: remove environments, and keep what conda could not restore."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from condatui.cli.completion_values import environments
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.run_action import acting_options, run_action
from condatui_core.analyses.environments import resolve
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.request import RemoveRequest
from condatui_core.settings import absolute_path


@click.command("remove", epilog=examples("remove try-again-final-v2 --dry-run", "remove nlp-try bert-finetune --yes"))
@click.argument("envs", metavar="ENV...", nargs=-1, required=True, shell_complete=environments)
@click.option("--no-restore-point", is_flag=True, help="Keep nothing: the environments cannot be restored.")
@click.option("--override-frozen", is_flag=True, help="Remove frozen environments too.")
@click.option("--override-kept", is_flag=True, help="Remove environments too that are kept (`condatui keep`).")
@click.option("--with-kernels", is_flag=True, help="Delete your Jupyter kernels too that start them; copies are kept.")
@acting_options
@global_options
@click.pass_obj
def command(  # noqa: PLR0913 - a parameter for each option
    invocation: Invocation,
    *,
    envs: tuple[str, ...],
    no_restore_point: bool,
    override_frozen: bool,
    override_kept: bool,
    with_kernels: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove environments; `condatui restore` restores them.

    ENV is a name or a prefix. For a link to an environment, only the link is removed. Files that belong to no package
    and files that differ from what conda installed are first kept in a restore point. Jupyter kernels that start one of
    them would start nothing: the plan names them, and `condatui restore` brings back those that go along.
    """
    run_action(
        invocation,
        lambda inventory, _: RemoveRequest(
            prefixes=paths_of(inventory.environments, tuple(map(invocation.spelled_out, envs)), invocation.cwd),
            restore_point=not no_restore_point,
            override_frozen=override_frozen,
            override_kept=override_kept,
            with_kernels=with_kernels,
        ),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )


def paths_of(environments: Sequence[Environment], texts: Sequence[str], cwd: str) -> tuple[str, ...]:
    """The chosen paths, each once, links not followed; UsageError for one that is not an environment."""
    return tuple(dict.fromkeys(_path(environments, text, cwd) for text in texts))


def _path(environments: Sequence[Environment], text: str, cwd: str) -> str:
    path = os.path.normpath(absolute_path(text, cwd)) if os.sep in text else ""
    try:
        found = resolve(environments, text, cwd=cwd, real_path=os.path.realpath)
    except UsageError:
        # The remains of an environment are not listed, but its path identifies it.
        if os.sep in text and os.path.isdir(os.path.join(path, "conda-meta")):
            return path
        raise
    if os.sep in text:
        return path if os.path.islink(path) else found.prefix
    named = [each for each in found.aliases if os.path.basename(each) == text]
    return named[0] if named and found.name != text else found.prefix

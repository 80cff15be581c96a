"""`condatui clean`: delete from the caches of conda, pip and uv what no environment needs."""

from __future__ import annotations

import os

import click

from condatui.cli.completion_values import directories, words
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, no_blanks
from condatui.cli.run_action import acting_options, run_action
from condatui_core.records.request import CLEANABLES, Cleanable


def _parts(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[Cleanable, ...]:
    words = [word for text in no_blanks(context, parameter, given) for word in text.split(",") if word]
    for word in words:
        if word not in CLEANABLES:
            raise click.BadParameter(f"`{word}` is none of {', '.join(CLEANABLES)}.")
    return tuple(each for each in CLEANABLES if each in words)


@click.command("clean", epilog=examples("clean --dry-run", "clean --what tarballs,pip --yes"))
@click.option(
    "--what",
    metavar="PART,...",
    shell_complete=words(*CLEANABLES),
    multiple=True,
    callback=_parts,
    help="What to delete: tarballs, packages, index, logs, pip, uv; by default tarballs and packages.",
)
@click.option(
    "--cache",
    "caches",
    metavar="PATH",
    shell_complete=directories,
    multiple=True,
    help="Clean only this cache; may be given again.",
)
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    what: tuple[Cleanable, ...],
    caches: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete from caches what no environment needs, in all caches of conda that this user may write to.

    Unlike `conda clean` it spares packages that environments have copies of or symlinks to. `--what pip,uv` empties the
    caches of those tools: what environments hold of them is not touched, and they download again what they need.
    """
    from condatui_core.actions.clean.targets import clean_request  # noqa: PLC0415 - `--help` needs none

    paths = tuple(os.path.normpath(invocation.absolute(each)) for each in caches)
    run_action(
        invocation,
        lambda _, context: clean_request(what, paths, context),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )

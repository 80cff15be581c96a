"""`condatui pack`: pack an environment into an archive that works elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from condatui.cli.completion_values import directories, environments, files, words
from condatui.cli.invocation import Invocation
from condatui.cli.options import FORCE, examples, global_options, note_prefixes
from condatui.cli.run_action import acting_options, run_action
from condatui.view_models.archives import archive_name, archive_names
from condatui_core.records.environment import Inventory
from condatui_core.records.request import PackRequest, SeveralRequest

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


_FORMATS = "tar.gz, zip, tar.bz2, tar.xz, tar.zst, tar, squashfs, parcel, no-archive"


@click.command(
    "pack",
    epilog=examples(
        "pack nlp-exp -o nlp.tar.zst --level 19 --dest-prefix /srv/nlp",
        "pack nlp-exp nlp-base --dir archives",
    ),
)
@click.argument("envs", metavar="ENV...", nargs=-1, required=True, callback=note_prefixes, shell_complete=environments)
@click.option(
    "-o", "--output", "file", default="", metavar="FILE", shell_complete=files, help="The archive of one ENV."
)
@click.option(
    "--dir",
    "directory",
    default="",
    metavar="DIR",
    shell_complete=directories,
    help="The directory of the archives, which is there: NAME.tar.gz, or by --format.",
)
@click.option(
    "--format",
    default="",
    metavar="FORMAT",
    shell_complete=words(*_FORMATS.split(", ")),
    help=f"By default the format of the suffix; {_FORMATS}.",
)
@click.option("--level", type=int, default=4, show_default=True, help="Compression: 0 to 9, tar.zst up to 22.")
@click.option(
    "--threads",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Threads for compression; 0 is all cores.",
)
@click.option("--dest-prefix", default="", metavar="PATH", help="The prefix there; then `conda-unpack` is not needed.")
@click.option(
    "--exclude", "excludes", multiple=True, metavar="PATTERN", help="Leave out matching paths; may be given again."
)
@click.option("--ignore-editable", is_flag=True, help="Pack it without packages installed in place.")
@click.option("--ignore-missing", is_flag=True, help="Pack it without missing files.")
@click.option("--force", "replace", is_flag=True, help=FORCE)
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    envs: tuple[str, ...],
    file: str,
    directory: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **how: Any,  # noqa: ANN401 - the options are named like the request's fields
) -> None:
    """Pack environments into archives that work on other machines.

    ENV is a name or a prefix. Every byte of an archive is read back before it appears under its name. Several are one
    plan, one after the other.
    """
    if bool(file) == bool(directory) or (file and len(envs) > 1):
        raise click.UsageError("One ENV goes to -o FILE, one or several go to --dir DIR.")

    def request(inventory: Inventory, context: JobContext) -> PackRequest | SeveralRequest:  # noqa: ARG001 - unused
        named = (invocation.environment(inventory, env) for env in envs)
        chosen = list({each.prefix: each for each in named}.values())
        if file:
            return PackRequest(prefix=chosen[0].prefix, file=invocation.absolute(file), **how)
        form, above = how.pop("format") or "tar.gz", os.path.normpath(invocation.absolute(directory))
        names = archive_names([archive_name(each, form) for each in chosen], form)
        parts = tuple(
            PackRequest(prefix=each.prefix, file=f"{above}/{name}", format=form, **how)
            for each, name in zip(chosen, names, strict=True)
        )
        return parts[0] if len(parts) == 1 else SeveralRequest(parts=parts)

    run_action(invocation, request, dry_run=dry_run, yes=yes, as_json=as_json)

"""`condatui snapshot`: all that is known of this machine in one file, to be looked at elsewhere."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Mapping

import click

from condatui.cli.completion_values import files
from condatui.cli.documents.environments import describe_inventory
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import FORMAT
from condatui_core.actions.guards import refuse
from condatui_core.actions.written_files import blockers_to_write, write_file
from condatui_core.errors import UsageError
from condatui_core.fs.documents import encode_versioned
from condatui_core.records.disk import DiskUse
from condatui_core.records.environment import Inventory
from condatui_core.snapshots.document import (
    ENDINGS,
    file_name_of,
    host_name_of,
    host_of,
    is_host_name,
)
from condatui_core.text import counted, format_bytes, sanitize
from condatui_core.workbench import Workbench

_STDOUT = "-"


@click.command("snapshot", epilog=examples("snapshot", "snapshot -o /shared/snapshots --force"))
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    shell_complete=files,
    help="A file, or a directory; `-` is stdout. By default here.",
)
@click.option("--no-sizes", "sizes", is_flag=True, flag_value=False, default=True, help="Do not walk the disk.")
@click.option("--host", metavar="NAME", help="What to call this machine; by default what it calls itself.")
@click.option("--force", "replace", is_flag=True, help="Replace whatever file is there.")
@global_options
@click.pass_obj
def command(invocation: Invocation, *, file: str | None, sizes: bool, host: str | None, replace: bool) -> None:
    """Write all that is known of this machine into one file, which `--snapshots` opens anywhere.

    Environments, packages, channels, sizes, findings, and what the last GPU checks have found; no check is run, and no
    credential is written. In a directory the file is called HOST.json.gz. An older snapshot of the same machine is
    replaced, any other file only with --force. A name that ends in .json is written without compression.
    """
    named = _named(host)
    target = _target(invocation, file, named)
    if target != _STDOUT:
        replace = replace or _is_own(target, named)
        refuse(blockers_to_write(target, replace=replace))
    elif sys.stdout.isatty():
        raise UsageError("A snapshot is compressed: it is nothing for a terminal.", hint="Name a file with -o.")
    workbench = invocation.workbench()
    inventory, uses = _load(invocation, workbench, sizes=sizes)
    say_problems(inventory.problems)
    listing = encode_versioned(describe_inventory(inventory, packages=False, uses=uses), FORMAT)
    compressed = target == _STDOUT or not target.endswith(ENDINGS[0])
    data = asyncio.run(workbench.snapshot(inventory, listing, host=named, uses=uses, compressed=compressed))
    if target == _STDOUT:
        click.echo(data, nl=False)
    else:
        write_file(target, data, replace=replace)
        what = counted(len(inventory.environments), "environment")
        say(f"{target}: {what} of {named}, {format_bytes(len(data))}.")


def _named(host: str | None) -> str:
    if host is None:
        return host_name_of(socket.gethostname())
    if not is_host_name(host):
        hint = "Letters, digits, `.`, `_` and `-` are possible, a letter or digit first."
        raise UsageError(f"`{sanitize(host)}` is no name of a machine.", hint=hint)
    return host


def _target(invocation: Invocation, file: str | None, host: str) -> str:
    """The file to write, absolute; `-` for stdout."""
    if file == _STDOUT:
        return _STDOUT
    place = invocation.absolute(file_name_of(host) if file is None else file)
    if os.path.isdir(place):
        return os.path.join(place, file_name_of(host))
    if not place.endswith(ENDINGS):
        hint = f"`--snapshots` reads no other; a directory has to be there, and gets {file_name_of(host)}."
        raise UsageError(f"The name of a snapshot ends with {' or '.join(ENDINGS)}.", sanitize(place), hint)
    return place


def _is_own(file: str, host: str) -> bool:
    """Whether a file is a snapshot of this machine, which a newer one replaces, even if it cannot be used."""
    return os.path.isfile(file) and host_of(file) == host


def _load(invocation: Invocation, workbench: Workbench, *, sizes: bool) -> tuple[Inventory, Mapping[str, DiskUse]]:
    """Load the inventory; with `sizes` also measure what each environment occupies beside all others."""
    if not sizes:
        return invocation.load(workbench, with_journals=True, with_duplicates=True), {}
    from condatui.cli.disk import load_measured  # noqa: PLC0415 - only sizes need it

    inventory, measurement = load_measured(invocation, workbench)
    found = {each.prefix: measurement.use_of(each.prefix) for each in inventory.environments}
    return inventory, {prefix: use for prefix, use in found.items() if use}

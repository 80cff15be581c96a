"""`condatui metrics`: what Prometheus scrapes of this machine."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from condatui.cli.cleanup import check_writable
from condatui.cli.completion_values import files
from condatui.cli.disk import usage_of_all
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options
from condatui.cli.stderr import say_problems
from condatui_core import __version__
from condatui_core.actions.restore.listing import restore_points
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.safe_read import reason
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.reports.prometheus import MachineFacts, prometheus_text
from condatui_core.workbench import Workbench

_ENDING = ".prom"


@click.command("metrics", epilog=examples("metrics", "metrics -o /var/lib/node_exporter/condatui.prom"))
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE.prom",
    shell_complete=files,
    help="Write this file, whole or not at all; replaces it.",
)
@click.option("--no-sizes", is_flag=True, help="Do not walk the disk.")
@global_options
@click.pass_obj
def command(invocation: Invocation, *, output: str | None, no_sizes: bool) -> None:
    """Print metrics of this machine for Prometheus: environments, packages, bytes, last use, findings, GPU checks.

    For the textfile collector of node_exporter:

    condatui metrics -o /var/lib/node_exporter/textfile/condatui.prom
    """
    file = _file(invocation, output) if output is not None else ""
    text = prometheus_text(_facts(invocation, sizes=not no_sizes))
    if not file:
        click.echo(text, nl=False)
        return
    try:
        write_whole(Path(file), text.encode(), replace=True)
    except OSError as error:
        raise CondatuiError("The metrics cannot be written.", f"{file}: {reason(error)}") from error


def _file(invocation: Invocation, output: str) -> str:
    """The file to write; it is replaced without a question, so its name has to say what it is."""
    file = invocation.absolute(output)
    if not file.endswith(_ENDING):
        raise UsageError(f"The name of the file must end with {_ENDING}.", file, "node_exporter reads no other.")
    check_writable(file, "The metrics cannot be written.")
    return file


def _facts(invocation: Invocation, *, sizes: bool) -> MachineFacts:
    workbench = invocation.workbench()
    began = time.monotonic()
    inventory = invocation.load(workbench)
    say_problems(inventory.problems)
    usage = asyncio.run(usage_of_all(workbench.disk, inventory)) if sizes else None
    points = asyncio.run(_points(workbench))
    verdicts = workbench.gpu_verdicts(inventory)
    return MachineFacts(
        version=__version__,
        inventory=inventory,
        at=invocation.clock(),
        seconds=time.monotonic() - began,
        uses=usage.uses if usage else {},
        caches=usage.caches if usage else (),
        gpu=verdicts,
        points=points,
    )


async def _points(workbench: Workbench) -> tuple[RestorePointSummary, ...]:
    return await restore_points(await workbench.job_context())

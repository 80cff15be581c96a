"""A command that acts, with an action that touches one directory: `python -m support.acting HOME ARGUMENTS…`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options
from condatui.cli.reporting import ReportingGroup
from condatui.cli.run_action import acting_options, run_action
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import RefusedError
from condatui_core.jobs.queue import JobQueue
from condatui_core.records.environment import Inventory
from condatui_core.records.request import CloneRequest
from support.contexts import made_context, now
from support.fake_actions import MakeDirectory, queue_of


@dataclass
class ActingWorkbench:
    """A machine without environments, and a queue of jobs."""

    home: Path
    action: MakeDirectory
    read_only: bool = False

    def __post_init__(self) -> None:
        self.jobs: JobQueue = queue_of(self.home, self.action)

    def check_writable(self) -> None:
        if self.read_only:
            raise RefusedError("read-only")

    async def job_context(self) -> JobContext:
        return made_context(Inventory(), self.home)


@click.group(cls=ReportingGroup)
def commands() -> None:
    """The only command is `make`."""


@commands.command()
@click.argument("name")
@acting_options
@global_options
@click.pass_obj
def make(invocation: Invocation, /, *, name: str, **options: bool) -> None:
    """Make a directory."""
    run_action(
        invocation,
        lambda inventory, context: CloneRequest(source="/nowhere", target=str(context.locations.home / name)),
        **options,
    )


def invocation(home: Path, action: MakeDirectory, *, terminal: bool = False) -> Invocation:
    """Whoever has this home, and every request carried out by this action."""
    make_workbench: Any = lambda settings, *_: ActingWorkbench(home, action, settings.read_only)  # noqa: E731
    environ = {"CONDATUI_HOME": str(home / ".condatui")}
    return Invocation(
        environ=environ, home=home, cwd=str(home), clock=now, terminal=terminal, make_workbench=make_workbench
    )


if __name__ == "__main__":
    directory, script, *arguments = sys.argv[1:]
    commands.main(arguments, obj=invocation(Path(directory), MakeDirectory(script=script)))

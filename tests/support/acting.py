"""A command that acts, with an action that touches one directory: `python -m support.acting HOME ARGUMENTS…`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from condatui.cli.invocation import Invocation
from condatui.cli.reporting import ReportingGroup
from condatui.cli.run_action import acting_options, run_action
from condatui_core.actions.protocol import JobContext
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

    def __post_init__(self) -> None:
        self.jobs: JobQueue = queue_of(self.home, self.action)

    async def job_context(self) -> JobContext:
        return made_context(Inventory(), self.home)


@click.group(cls=ReportingGroup)
def commands() -> None:
    """The only command is `make`."""


@commands.command()
@click.argument("name")
@acting_options
@click.pass_obj
def make(invocation: Invocation, /, *, name: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Make a directory."""
    run_action(
        invocation,
        lambda inventory, context: CloneRequest(source="/nowhere", target=str(context.locations.home / name)),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )


def invocation(home: Path, action: MakeDirectory, *, terminal: bool = False) -> Invocation:
    """Whoever has this home, and every request carried out by this action."""
    make_workbench: Any = lambda *_: ActingWorkbench(home, action)  # noqa: E731
    environ = {"CONDATUI_HOME": str(home / ".condatui")}
    return Invocation(
        environ=environ, home=home, cwd=str(home), clock=now, terminal=terminal, make_workbench=make_workbench
    )


if __name__ == "__main__":
    directory, script, *arguments = sys.argv[1:]
    commands.main(arguments, obj=invocation(Path(directory), MakeDirectory(script=script)))

"""The command line: global options and what its commands are called."""

from __future__ import annotations

from importlib import import_module

import click

from condatui.cli.invocation import Invocation, ReportingGroup, global_options
from condatui_core.errors import UsageError

# `condatui` without a command: the workbench.


def open_workbench(invocation: Invocation) -> int:
    """Open the workbench and stay until it is left; returns the exit code. UsageError without a terminal."""
    if not invocation.terminal:
        raise UsageError(
            "The workbench needs a terminal.",
            hint="`condatui list` prints the environments, `condatui --help` says what else there is.",
        )
    return invocation.run_app(invocation.workbench(), invocation.clock)


# The command line: global options and what its commands are called.


COMMANDS: tuple[str, ...] = (
    "list",
    "show",
    "compare",
    "disk",
    "clone",
    "export",
    "pack",
    "remove",
    "restore",
    "gpu",
    "demo",
    "doctor",
)
"""Each is `command` in the module of condatui.cli that has its name."""


class _Commands(ReportingGroup):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks with it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"condatui.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.pass_context
def condatui(context: click.Context) -> None:
    """A workbench for the conda environments of this machine; without a command it opens."""
    if context.invoked_subcommand is None:
        context.exit(open_workbench(context.obj))

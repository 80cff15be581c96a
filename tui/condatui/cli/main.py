"""The command line: global options and the table of commands."""

from __future__ import annotations

from importlib import import_module

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options
from condatui.cli.reporting import ReportingGroup
from condatui_core.errors import UsageError
from condatui_core.settings import SettingError

# `condatui` without a command opens the workbench


def open_workbench(invocation: Invocation) -> int:
    """Run the workbench; returns the exit code. UsageError without a terminal."""
    if not invocation.terminal:
        raise UsageError(
            "The workbench needs a terminal.",
            hint="`condatui list` prints the environments, `condatui --help` shows the other commands.",
        )
    try:
        return invocation.run_app(invocation.workbench(), invocation.clock)
    except SettingError as error:
        raise invocation.located(error) from error


# The commands


COMMANDS: tuple[str, ...] = (
    "list",
    "show",
    "compare",
    "disk",
    "keep",
    "baseline",
    "duplicates",
    "clone",
    "update",
    "merge",
    "export",
    "pack",
    "remove",
    "restore",
    "cleanup",
    "clean",
    "gpu",
    "demo",
    "doctor",
)
"""Each is the function `command` in the module of condatui.cli with its name."""


class _Commands(ReportingGroup):
    """Imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
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

"""The command line: global options and what its commands are called."""

from __future__ import annotations

from importlib import import_module

import click

from condatui.commands.open import open_workbench
from condatui.commands.options import global_options
from condatui.commands.reporting import ReportingGroup

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
)
"""Each is `command` in the module of condatui.commands that is called like it."""


class _Commands(ReportingGroup):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks with it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"condatui.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.pass_context
def condatui(context: click.Context) -> None:
    """A workbench for the conda environments of this machine; without a command it opens."""
    if context.invoked_subcommand is None:
        context.exit(open_workbench(context.obj))

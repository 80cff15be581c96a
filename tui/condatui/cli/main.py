"""The command line: global options and the table of commands."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click
from click.shell_completion import CompletionItem

from condatui.cli.opening import open_workbench
from condatui.cli.options import global_options, no_sizes_option
from condatui.cli.reporting import ReportingGroup
from condatui_core.errors import UsageError
from condatui_core.settings_files.values import nearest

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "look": ("list", "filters", "show", "compare", "disk", "find", "history", "gpu"),
        "decide": ("duplicates", "cleanup", "keep", "baseline", "slim", "verify", "check"),
        "change": (
            "clone",
            "create",
            "update",
            "merge",
            "rollback",
            "checkpoint",
            "remove",
            "restore",
            "clean",
            "relink",
        ),
        "take along": ("export", "pack", "unpack", "ship"),
        "watch": ("metrics", "sbom", "snapshot", "nodes", "fleet"),
        "condatui itself": ("config", "completion", "demo", "doctor"),
    }
)
"""The commands, by what one does with them; each is `command` in the module of condatui.cli with its name."""
COMMANDS: tuple[str, ...] = tuple(name for names in GROUPS.values() for name in names)


class _Commands(ReportingGroup):
    """Imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their groups, the words of all below each other."""
        longest = max(map(len, COMMANDS))
        room = formatter.width - longest - 6  # the indent, and the space between name and words
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(longest), self._words(ctx, name, room)) for name in names])

    def _words(self, ctx: click.Context, name: str, room: int) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(room) if command else ""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, each with what one does with it, and import none of them: a shell is waiting."""
        if incomplete and not incomplete[0].isalnum():
            return super().shell_complete(ctx, incomplete)
        titles = {name: title for title, names in GROUPS.items() for name in names}
        return [CompletionItem(name, help=titles[name]) for name in COMMANDS if name.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; wrong usage, with the one that may be meant, if there is none."""
        called = args[0]
        if called not in COMMANDS and not ctx.resilient_parsing and (meant := nearest(called, COMMANDS)):
            ctx.fail(f"No such command '{called}'. {meant}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"condatui.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--snapshots", metavar="DIR", help="Open the workbench on other machines too, by the snapshots in this directory."
)
@no_sizes_option
@global_options
@click.pass_context
def condatui(context: click.Context, *, snapshots: str | None) -> None:
    """A workbench for the conda environments of this machine; without a command it opens."""
    if context.invoked_subcommand is None:
        context.exit(open_workbench(context.obj, snapshots))
    if snapshots is not None:
        raise UsageError("`--snapshots` before a command opens nothing.", hint="It stands behind the command.")

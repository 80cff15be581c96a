"""`condatui completion`: print the script that lets a shell complete commands, options and environments."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from condatui.cli import COMPLETE_VARIABLE
from condatui.cli.options import examples, version_option

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion", epilog=examples("completion bash", "completion fish > ~/.config/fish/completions/condatui.fish")
)
@click.argument("shell", type=click.Choice(_SHELLS))
@version_option
@click.pass_context
def command(context: click.Context, *, shell: str) -> None:
    """Print the script with which a shell completes commands, options, environments and restore points.

    \b
    In ~/.bashrc:                 eval "$(condatui completion bash)"
    In ~/.zshrc, after compinit:  eval "$(condatui completion zsh)"
    Once, for fish:  condatui completion fish > ~/.config/fish/completions/condatui.fish

    Environments are those of the last run; no conda is started. Names with characters that mean something to a shell
    are left out. It needs bash 4.4 or newer.
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(context.find_root().command, {}, "condatui", COMPLETE_VARIABLE).source(), nl=False)

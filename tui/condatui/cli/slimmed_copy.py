"""The options by which `condatui slim` makes a slimmed copy, and the making of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import no_blanks
from condatui.cli.run_action import confirming_options, run_action
from condatui.cli.slim_classes import complete_classes, read_classes
from condatui_core.analyses.slimming.classes import LEAVABLE, USUAL
from condatui_core.records.environment import Inventory
from condatui_core.records.request import SlimRequest
from condatui_core.records.slimming import SlimClass

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext


@dataclass(frozen=True, slots=True)
class Copying:
    """The slimmed copy that the user wants."""

    into: str
    """Its name or path, as it was spelled."""
    classes: tuple[SlimClass, ...]
    leave_out: tuple[str, ...]
    keep: tuple[str, ...]
    offline: bool
    dry_run: bool
    yes: bool


def copying_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--into` and what goes with it: the parameter `copying`, None without `--into`."""

    @wraps(command)
    def copying(
        *given: object,
        into: str | None,
        classes: tuple[SlimClass, ...],
        leave_out: tuple[str, ...],
        keep: tuple[str, ...],
        no_conda_meta: bool,
        **named: Any,  # noqa: ANN401 - the other parameters of the command
    ) -> object:
        flags = {name: named.pop(name) for name in ("offline", "dry_run", "yes")}
        if into is None:
            if classes or leave_out or keep or no_conda_meta or any(flags.values()):
                raise click.UsageError(f"{', '.join(_NAMES)} and --yes need --into.")
            return command(*given, copying=None, **named)
        chosen = classes or USUAL
        if no_conda_meta:
            chosen = tuple(dict.fromkeys((*chosen, LEAVABLE["conda-meta"])))
        return command(*given, copying=Copying(into, chosen, leave_out, keep, **flags), **named)

    copying = confirming_options(copying)
    for option in _OPTIONS:
        copying = option(copying)
    return copying


def make_copy(invocation: Invocation, env: str, copying: Copying, *, as_json: bool) -> None:
    """Plan the copy, ask, make it, and print what became of it; raises as `run_action` does."""

    def request(inventory: Inventory, context: JobContext) -> SlimRequest:
        from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - `--help` needs none of the core

        source = invocation.environment(inventory, env)
        return SlimRequest(
            source=source.prefix,
            target=target_prefix(copying.into, source, context, cwd=invocation.cwd),
            classes=copying.classes,
            leave_out=copying.leave_out,
            keep=copying.keep,
            offline=copying.offline,
        )

    run_action(invocation, request, dry_run=copying.dry_run, yes=copying.yes, as_json=as_json)


_NAMES = ("--classes", "--leave-out", "--keep", "--no-conda-meta", "--offline", "--dry-run")
_OPTIONS = (
    click.option("--offline", is_flag=True, help="With --into: download nothing."),
    click.option(
        "--no-conda-meta", is_flag=True, help="With --into: leave out conda-meta as well, so that no conda lists it."
    ),
    click.option(
        "--keep",
        metavar="PACKAGE",
        multiple=True,
        callback=no_blanks,
        help="With --into: a package that stays, with all that it needs, such as one that --run marks as used; may be"
        " given again.",
    ),
    click.option(
        "--leave-out",
        metavar="PACKAGE",
        multiple=True,
        callback=no_blanks,
        help="With --into: a package that the copy lacks as a whole; may be given again.",
    ),
    click.option(
        "--classes",
        metavar="A,B,...",
        callback=read_classes,
        shell_complete=complete_classes,
        help="With --into: the classes that the copy lacks; unless given, all whose risk is none or low.",
    ),
    click.option("--into", metavar="NAME", help="Make a slimmed copy of that name or path, and prove that it works."),
)

"""The options that several commands have, and what they note for the command that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from condatui.cli.completion_values import directories, environments
from condatui.cli.reporting import AS_JSON
from condatui_core import __version__
from condatui_core.errors import UsageError
from condatui_core.settings import LEAST_ALIKE

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
Given = TypeVar("Given", str, tuple[str, ...])

version_option = click.version_option(__version__, message="condatui %(version)s")


FORCE = "Replace a file that is there."
"""The help of `--force`."""


def examples(*lines: str) -> str:
    """The end of a command's help: examples, each a line of a shell without the `condatui` at its beginning."""
    return "\n".join(("\b", "Examples:", *(f"  condatui {line}" for line in lines)))


def json_flag(help: str) -> Callable[[_Decorated], _Decorated]:  # noqa: A002 - click's name
    """Create the option `--json`: the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, callback=_note_json, help=help)


def _note_json(context: click.Context, _parameter: click.Parameter, as_json: bool) -> bool:
    context.meta[AS_JSON] = as_json
    return as_json


json_option = json_flag("Print one JSON document.")


def global_options(command: _Decorated) -> _Decorated:
    """Give a command `--conda`, `--root`, `--read-only`, `--debug` and `--version`, before and after its name."""
    for option in (version_option, _debug, _read_only, _root, _conda):
        command = option(command)
    return command


def _add_conda(context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    with _as_bad_parameter():
        context.obj = context.obj.adding(conda=paths)


def _add_roots(context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    with _as_bad_parameter():
        context.obj = context.obj.adding(roots=paths)


@contextmanager
def _as_bad_parameter() -> Iterator[None]:
    """Turn what is wrong with an option's value into click's error, since the command does not run yet."""
    try:
        yield
    except UsageError as error:
        raise click.BadParameter(f"{error.title} {error.hint}") from error


def note_prefixes(context: click.Context, _parameter: click.Parameter, given: Given) -> Given:
    """Note the prefixes among the environments that the user names: they are taken in, whatever points to them."""
    context.obj = context.obj.adding(prefixes=(given,) if isinstance(given, str) else given)
    return given


def no_blanks(_context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an option that may be given again. BadParameter for one that is blank."""
    if not all(each.strip() for each in given):
        raise click.BadParameter(f"A {parameter.metavar} is empty. Perhaps a variable in the command line is not set.")
    return given


def _set_debug(context: click.Context, _parameter: click.Parameter, debug: bool) -> None:
    context.obj = context.obj.adding(debug=debug)


def _set_read_only(context: click.Context, _parameter: click.Parameter, read_only: bool) -> None:
    context.obj = context.obj.adding(read_only=read_only)


def _set_no_sizes(context: click.Context, _parameter: click.Parameter, no_sizes: bool) -> None:
    context.obj = context.obj.adding(no_sizes=no_sizes)


offline_option = click.option(
    "--offline", is_flag=True, help="Download nothing; otherwise the package cache is used first."
)
"""The option of a command that installs packages: the parameter `offline`."""

_conda = click.option(
    "--conda",
    type=click.Path(),
    multiple=True,
    expose_value=False,
    callback=_add_conda,
    help="Use this conda executable too; may be given again.",
)
_root = click.option(
    "--root",
    type=click.Path(),
    multiple=True,
    expose_value=False,
    callback=_add_roots,
    help="Look for environments in this directory too; may be given again.",
)
_read_only = click.option(
    "--read-only",
    is_flag=True,
    expose_value=False,
    callback=_set_read_only,
    help="Change nothing: plans can be made and read, and no job begins.",
)
no_sizes_option = click.option(
    "--no-sizes",
    is_flag=True,
    expose_value=False,
    callback=_set_no_sizes,
    help="Do not walk the disk.",
)
"""The option `--no-sizes` before a command, or without one: as the setting `unmeasured` says of some directories."""
_debug = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_set_debug,
    help="Log everything that is done; `condatui doctor` shows where.",
)


def _set_snapshots(context: click.Context, _parameter: click.Parameter, place: str | None) -> None:
    if place is not None:
        with _as_bad_parameter():
            context.obj = context.obj.adding(snapshots=place)


snapshots_option = click.option(
    "--snapshots",
    metavar="DIR",
    expose_value=False,
    callback=_set_snapshots,
    shell_complete=directories,
    help="Look at the machines that the snapshots in DIR tell of, and not at this one.",
)
"""The option `--snapshots` of commands that only look: `Invocation.load` loads what it says."""


def _share(_context: click.Context, _parameter: click.Parameter, given: str | None) -> float | None:
    """A share: `0.96`, `96%` or `96`."""
    if given is None:
        return None
    try:
        number = float(given.strip().removesuffix("%"))
    except ValueError:
        raise click.BadParameter(f"`{given}` is no share: 0.96, 96% and 96 are.") from None
    share = number / 100 if given.strip().endswith("%") or number > 1 else number
    if not LEAST_ALIKE <= share <= 1:
        raise click.BadParameter(f"{given} is not between {LEAST_ALIKE:.0%} and 100%.")
    return share


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the user wants alike environments grouped."""

    threshold: float | None
    """The part of their packages that must be the same; None for that of the settings."""
    keepers: tuple[str, ...]
    """The environments that stay, as they were spelled."""


def grouping_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that groups alike environments `--threshold` and `--keeper`: the parameter `grouping`."""

    @wraps(command)
    def grouped(*given: object, threshold: float | None, keepers: tuple[str, ...], **named: object) -> object:
        return command(*given, grouping=Grouping(threshold, keepers), **named)

    return _threshold(_keeper(grouped))


_threshold = click.option(
    "--threshold",
    callback=_share,
    metavar="SHARE",
    help="The part of their packages that must be the same, from 50% to 100%; otherwise the setting `alike_threshold`.",
)
_keeper = click.option(
    "--keeper",
    "keepers",
    metavar="ENV",
    multiple=True,
    shell_complete=environments,
    help="Keep this one of the environments alike to it; may be given again.",
)

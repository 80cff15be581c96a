"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from condatui_core import __version__

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

version_option = click.version_option(__version__, message="condatui %(version)s")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def global_options(command: _Decorated) -> _Decorated:
    """Give a command `--conda`, `--root` and `--version`, which hold before and after its name."""
    for option in (version_option, _root, _conda):
        command = option(command)
    return command


def _add_conda(context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    context.obj = context.obj.adding(conda=paths)


def _add_roots(context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    context.obj = context.obj.adding(roots=paths)


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

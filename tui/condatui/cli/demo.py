"""`condatui demo`: a sandbox for trying everything."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.list import print_inventory
from condatui.cli.opening import open_workbench
from condatui.cli.options import examples, json_option, version_option
from condatui.cli.stderr import say
from condatui_core.errors import CondatuiError
from condatui_core.text import sanitize

_KEPT = ("CONDATUI_ASCII", "CONDATUI_THEME", "CONDATUI_DEBUG")
"""Variables passed on to the sandbox: the abilities of the user's terminal, and how much is logged."""


@click.command("demo", epilog=examples("demo", "demo --dir sandbox --list"))
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory of the sandbox; it is kept and reused.",
)
@click.option("--list", "as_list", is_flag=True, help="Print the environments instead of opening the workbench.")
@click.option("--rebuild", is_flag=True, help="Build the sandbox again.")
@json_option
@version_option
@click.pass_context
def command(context: click.Context, *, directory: Path | None, as_list: bool, rebuild: bool, as_json: bool) -> None:
    """Build and open a sandbox: a real conda with real environments; yours are not touched."""
    invocation: Invocation = context.obj
    inside = _sandboxed(invocation, directory or invocation.locations.cache / "demo", rebuild=rebuild)
    if as_list or as_json or not invocation.terminal:
        print_inventory(inside, inside.load(), packages=False, as_json=as_json)
        if not as_json:
            say(f"To run commands on it: env {' '.join(_by_hand(inside.environ))} condatui list")
    else:
        context.exit(open_workbench(inside))


_NEEDED = ("HOME", "CONDATUI_HOME", "CONDATUI_USUAL_PLACES", "CONDA_EXE")
"""Variables by which a command finds the sandbox, and nothing but it."""


def _by_hand(environ: Mapping[str, str]) -> Iterator[str]:
    return (shlex.quote(f"{name}={environ[name]}") for name in _NEEDED if name in environ)


def _sandboxed(invocation: Invocation, directory: Path, *, rebuild: bool) -> Invocation:
    """The invocation with the sandbox's environment variables, in which only the sandbox's conda is found."""
    from condatui_sandbox import build_sandbox  # noqa: PLC0415 - only the demo needs it

    where = Path(invocation.absolute(str(directory)))
    try:
        sandbox = build_sandbox(where, rebuild=rebuild, report=say)
    except OSError as error:
        told = f"{sanitize(str(error.filename or where))}: {error.strerror}"
        raise CondatuiError("The sandbox cannot be built.", told, "--dir takes another directory for it.") from error
    kept = {name: invocation.environ[name] for name in _KEPT if name in invocation.environ}
    return replace(
        invocation,
        environ={**sandbox.environ, **kept, "CONDATUI_USUAL_PLACES": "0"},
        home=sandbox.home,
        cwd=str(sandbox.home),
        conda=(),
        roots=(),
    )

"""`condatui filters`: the filters that are remembered by name."""

from __future__ import annotations

import asyncio

import click
from msgspec import Struct

from condatui.cli.invocation import Invocation
from condatui.cli.list import without_error
from condatui.cli.options import examples, global_options, json_option
from condatui.cli.stderr import say
from condatui.json_documents import print_json
from condatui.view_models.environments.filters import parse_to_remember
from condatui_core.records.environment import UserMarks
from condatui_core.text import sanitize


class RememberedFilter(Struct, frozen=True, kw_only=True):
    """A filter under its name."""

    name: str
    """The name; `@NAME` in a filter stands for it."""
    filter: str
    """What it says."""


class FiltersDocument(Struct, frozen=True, kw_only=True):
    """The document of `condatui filters --json`."""

    filters: tuple[RememberedFilter, ...]
    """In the order in which they were remembered."""


@click.command("filters", epilog=examples("filters old 'used:>90d disk:>1G'", "filters old --forget"))
@click.argument("name", required=False)
@click.argument("text", metavar="[FILTER]", required=False)
@click.option("--forget", is_flag=True, help="Forget the filter NAME.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, name: str | None, text: str | None, forget: bool, as_json: bool) -> None:
    """List the filters that are remembered, or remember FILTER under NAME: `@NAME` in a filter stands for it.

    The workbench offers them where a filter is typed. `condatui list --help` shows what a filter can say. They are in
    keep.yaml beside the settings, a file to read and edit.
    """
    if (forget and (name is None or text is not None)) or (not forget and (name is None) != (text is None)):
        raise click.UsageError("NAME and FILTER remember one, --forget NAME forgets one.")
    workbench = invocation.workbench()
    if name is None:
        marks = workbench.marks()
    elif text is None:
        marks = asyncio.run(workbench.forget_filter(_plain(name)))
    else:
        marks = asyncio.run(workbench.remember_filter(_plain(name), without_error(parse_to_remember(text)).text))
    if as_json:
        filters = tuple(RememberedFilter(name=each, filter=said) for each, said in marks.filters)
        print_json(FiltersDocument(filters=filters))
    elif name is None:
        _print(marks)
    else:
        say(f"@{sanitize(_plain(name))} is {'forgotten' if forget else 'remembered'}.")


def _plain(name: str) -> str:
    return name.removeprefix("@")


def _print(marks: UserMarks) -> None:
    if not marks.filters:
        say("No filter is remembered. `condatui filters NAME FILTER` remembers one.")
    width = max((len(name) for name, _ in marks.filters), default=0)
    for name, text in marks.filters:
        click.echo(f"@{sanitize(name):{width}}  {sanitize(text)}")

"""`condatui keep`: the environments that stay."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from condatui.cli.completion_values import environments
from condatui.cli.documents.environments import describe_kept
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment, UserMarks
from condatui_core.text import counted, sanitize

if TYPE_CHECKING:
    from condatui_core.records.environment import Inventory
    from condatui_core.workbench import Workbench


@click.command("keep", epilog=examples("keep nlp-exp --note 'paper of 2026'", "keep nlp-exp --undo"))
@click.argument("envs", metavar="[ENV]...", nargs=-1, callback=note_prefixes, shell_complete=environments)
@click.option("--note", default="", metavar="TEXT", help="Why; a new note replaces the one that is there.")
@click.option("--undo", is_flag=True, help="Take the mark away.")
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, envs: tuple[str, ...], note: str, undo: bool, as_json: bool) -> None:
    """Keep environments: nothing proposes their removal, and `condatui remove` needs --override-kept for them.

    Without ENV, list what is kept, also what is not there any more. The marks are in keep.yaml beside the settings, a
    file to read and edit.
    """
    if undo and note:
        raise click.UsageError("--note and --undo exclude each other.")
    if (undo or note) and not envs:
        raise click.UsageError("Name the environments: `condatui keep ENV`.")
    workbench = invocation.workbench()
    marks = workbench.marks()
    inventory = invocation.load(workbench)
    say_problems(inventory.problems)
    if envs:
        marks = _change(invocation, workbench, inventory, marks, envs, note=note, undo=undo)
    names = _names_of(marks, inventory)
    if as_json:
        print_json(describe_kept(marks, names))
    elif envs:
        say(_done(envs, undo=undo))
    else:
        _print(invocation, marks, names)


def _change(
    invocation: Invocation,
    workbench: Workbench,
    inventory: Inventory,
    marks: UserMarks,
    envs: tuple[str, ...],
    *,
    note: str,
    undo: bool,
) -> UserMarks:
    import asyncio  # noqa: PLC0415 - `--help` needs none

    if undo:
        return asyncio.run(workbench.unkeep([_kept_prefix(invocation, inventory, marks, each) for each in envs]))
    prefixes = [invocation.environment(inventory, each).prefix for each in envs]
    return asyncio.run(workbench.keep(prefixes, note))


def _kept_prefix(invocation: Invocation, inventory: Inventory, marks: UserMarks, text: str) -> str:
    """The prefix of an environment whose mark goes, by its name or path; it need not exist any more.

    Raises UsageError if no mark is meant.
    """
    if os.sep in text and marks.mark_of(path := os.path.realpath(invocation.absolute(text))):
        return path
    gone = [kept for kept, _ in marks.kept if os.path.basename(kept) == text and not os.path.isdir(kept)]
    try:
        environment = invocation.environment(inventory, text)
    except UsageError:
        if len(gone) == 1:
            return gone[0]
        raise
    return _marked(environment, marks)


def _marked(environment: Environment, marks: UserMarks) -> str:
    if marks.mark_of(environment.prefix) is None:
        raise UsageError(f"{sanitize(environment.name)} is not kept.", hint="`condatui keep` lists what is kept.")
    return environment.prefix


def _names_of(marks: UserMarks, inventory: Inventory) -> Mapping[str, str]:
    """The names of kept environments that are there; one that nothing else points to is named by its path."""
    known = {each.prefix: each.name for each in inventory.environments if each.state != "missing"}
    there = (path for path, _ in marks.kept if os.path.isdir(os.path.join(path, "conda-meta")))
    return {path: path for path in there} | known


def _done(envs: tuple[str, ...], *, undo: bool) -> str:
    subject = sanitize(envs[0]) if len(envs) == 1 else counted(len(envs), "environment")
    one = len(envs) == 1
    return f"{subject} {'is' if one else 'are'} {'not kept any more' if undo else 'kept'}."


def _print(invocation: Invocation, marks: UserMarks, names: Mapping[str, str]) -> None:
    from condatui.cli.pages.kept import print_kept  # noqa: PLC0415 - Rich is for people

    if marks.kept:
        print_kept(invocation, marks, names)
    else:
        say("Nothing is kept. `condatui keep ENV` keeps an environment.")

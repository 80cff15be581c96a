"""`condatui baseline`: the environment that new ones are cloned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from condatui.cli.invocation import Invocation
from condatui.cli.options import global_options, json_option
from condatui.cli.reporting import say, say_problems
from condatui.json_documents import print_json

if TYPE_CHECKING:
    from condatui_core.analyses.baseline_proposal import BaselineDraft
    from condatui_core.records.environment import Inventory
    from condatui_core.workbench import Workbench

_STDOUT = "-"


class _Asked(Struct, frozen=True, kw_only=True):
    """What the options ask for."""

    chosen: str | None
    """The environment that becomes the baseline."""
    unset: bool
    propose: bool
    share: float | None
    file: str | None
    force: bool
    as_json: bool

    @property
    def changes(self) -> bool:
        """Whether the baseline is set or unset."""
        return self.unset or self.chosen is not None

    def check(self) -> None:
        """Raise click's error for options that exclude each other."""
        if (self.chosen is not None) + self.unset + self.propose > 1:
            raise click.UsageError("--set, --unset and --propose exclude each other.")
        if not self.propose and (self.file or self.share is not None or self.force):
            raise click.UsageError("--share, --output and --force need --propose.")
        if self.as_json and self.file == _STDOUT:
            raise click.UsageError("--json and `-o -` exclude each other: the document has the text.")


def _checked_share(_context: click.Context, _parameter: click.Parameter, share: float | None) -> float | None:
    if share is not None and not 0 <= share < 1:  # click's own range takes `nan`
        raise click.BadParameter(f"{share} is not in the range 0<=x<1.")
    return share


@click.command("baseline")
@click.option("--set", "chosen", metavar="ENV", help="Make this environment the baseline.")
@click.option("--unset", is_flag=True, help="Have no baseline; new environments are cloned from conda's base.")
@click.option("--propose", is_flag=True, help="Propose one: the packages that most environments share.")
@click.option(
    "--share",
    type=float,
    callback=_checked_share,
    help="The part of the environments that must have a package, by default 0.5; more than that is needed.",
)
@click.option("-o", "--output", "file", metavar="FILE", help="Write the proposal to this file; `-` is stdout.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@json_option
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    chosen: str | None,
    unset: bool,
    propose: bool,
    share: float | None,
    file: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Say which environment new ones are cloned from, and which ones are behind it; or set it, or propose one.

    It is remembered in keep.yaml beside the settings; the setting `baseline` and its variable win. A proposal is a file
    from which conda makes the baseline; nothing is created.
    """
    asked = _Asked(chosen=chosen, unset=unset, propose=propose, share=share, file=file, force=force, as_json=as_json)
    asked.check()
    if chosen is not None:
        invocation = invocation.adding(prefixes=(chosen,))
    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    if propose:
        say_problems(inventory.problems)
        _propose(invocation, workbench, inventory, asked)
        return
    if asked.changes:
        inventory = _set(invocation, workbench, inventory, chosen)
    say_problems(inventory.problems)
    _print_baseline(invocation, workbench, inventory, asked)


def _set(invocation: Invocation, workbench: Workbench, inventory: Inventory, chosen: str | None) -> Inventory:
    """Remember the baseline, or with None that there is none; returns the inventory after that."""
    import asyncio  # noqa: PLC0415 - `--help` needs none

    prefix = "" if chosen is None else invocation.environment(inventory, chosen).prefix
    asyncio.run(workbench.set_baseline(prefix))
    return invocation.load(workbench)


def _print_baseline(invocation: Invocation, workbench: Workbench, inventory: Inventory, asked: _Asked) -> None:
    from condatui.cli.documents.baseline import describe_baseline  # noqa: PLC0415 - `--help` needs no document

    document = describe_baseline(inventory, by_setting=bool(workbench.settings.baseline))
    if asked.as_json:
        print_json(document)
        return
    from condatui.cli.pages.baseline import baseline_words, print_baseline  # noqa: PLC0415 - Rich is for people

    if asked.changes:
        say(baseline_words(document))
    else:
        print_baseline(invocation, document)


# A proposal


def _propose(invocation: Invocation, workbench: Workbench, inventory: Inventory, asked: _Asked) -> None:
    import asyncio  # noqa: PLC0415 - as above

    share = 0.5 if asked.share is None else asked.share
    draft = asyncio.run(workbench.propose_baseline(inventory, share=share))
    if asked.file == _STDOUT:
        click.echo(draft.text, nl=False)
        return
    file = invocation.absolute(asked.file) if asked.file is not None else ""
    if file:
        _write(file, draft, force=asked.force)
    if asked.as_json:
        from condatui.cli.documents.baseline import describe_proposal  # noqa: PLC0415 - as above

        print_json(describe_proposal(draft, inventory, file=file))
        return
    from condatui.cli.pages.baseline import print_proposal  # noqa: PLC0415 - as above

    print_proposal(invocation, draft, inventory, file=file)


def _write(file: str, draft: BaselineDraft, *, force: bool) -> None:
    """Write the text of a proposal. Raises RefusedError if the file must not be written, CondatuiError if it cannot."""
    from condatui_core.actions.guards import refuse  # noqa: PLC0415 - few write
    from condatui_core.actions.written_files import blockers_to_write  # noqa: PLC0415 - as above
    from condatui_core.environment_files.export import check_file_name  # noqa: PLC0415 - as above
    from condatui_core.errors import CondatuiError  # noqa: PLC0415 - as above
    from condatui_core.fs.atomic_write import write_whole  # noqa: PLC0415 - as above

    check_file_name(file, draft.format)
    refuse(blockers_to_write(file, replace=force))
    try:
        write_whole(Path(file), draft.text.encode("utf-8", "surrogateescape"), replace=force)
    except OSError as error:
        raise CondatuiError("The proposal cannot be written.", f"{file}: {error.strerror or error}") from error

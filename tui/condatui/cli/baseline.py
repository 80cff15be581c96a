"""`condatui baseline`: the environment that new ones are cloned from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, convert

from condatui.cli.completion_values import environments, files
from condatui.cli.invocation import Invocation
from condatui.cli.options import FORCE, examples, global_options, json_flag
from condatui.cli.run_action import confirming_options, run_in_workbench
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.errors import RefusedError
from condatui_core.text import sanitize, shell_words

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext
    from condatui_core.analyses.baseline_proposal import BaselineDraft
    from condatui_core.records.environment import Inventory
    from condatui_core.records.job import Job
    from condatui_core.records.request import CreateRequest
    from condatui_core.workbench import Workbench

_STDOUT = "-"
_SHARE = 0.5


class _Asked(Struct, frozen=True, kw_only=True):
    """What the options ask for; the fields have the names of their parameters."""

    chosen: str | None
    """The environment that becomes the baseline."""
    unset: bool
    propose: bool
    made: str | None
    """The name or the path of the proposed baseline that is made."""
    share: float | None
    file: str | None
    force: bool
    dry_run: bool
    yes: bool
    as_json: bool

    @property
    def changes(self) -> bool:
        """Whether the baseline is set or unset."""
        return self.unset or self.chosen is not None

    def check(self) -> None:
        """Raise click's error for options that exclude each other."""
        making = self.made is not None
        if making and self.chosen not in (None, self.made):
            raise click.UsageError("--set beside --create has to name what is made.")
        if (self.chosen is not None and not making) + self.unset + self.propose + making > 1:
            raise click.UsageError("--set, --unset, --propose and --create exclude each other.")
        if not self.propose and (self.file or self.force):
            raise click.UsageError("--output and --force need --propose.")
        if not (self.propose or making) and self.share is not None:
            raise click.UsageError("--share needs --propose or --create.")
        if not making and (self.dry_run or self.yes):
            raise click.UsageError("--dry-run and --yes need --create.")
        if self.as_json and self.file == _STDOUT:
            raise click.UsageError("--json and `-o -` exclude each other: the document has the text.")


def _checked_share(_context: click.Context, _parameter: click.Parameter, share: float | None) -> float | None:
    if share is not None and not 0 <= share < 1:  # click's own range takes `nan`
        raise click.BadParameter(f"{share} is not in the range 0<=x<1.")
    return share


@click.command("baseline", epilog=examples("baseline --set nlp-base", "baseline --propose -o baseline.yml"))
@click.option("--set", "chosen", metavar="ENV", shell_complete=environments, help="Make this environment the baseline.")
@click.option("--unset", is_flag=True, help="Have no baseline; new environments are cloned from conda's base.")
@click.option("--propose", is_flag=True, help="Propose one: the packages that most environments share.")
@click.option(
    "--create", "made", metavar="NAME", help="Make the proposed one; beside it, `--set NAME` makes it the baseline too."
)
@click.option(
    "--share",
    type=float,
    callback=_checked_share,
    help="The part of the environments that must have a package, by default 0.5; more than that is needed.",
)
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    shell_complete=files,
    help="Write the proposal to this file; `-` is stdout.",
)
@click.option("--force", is_flag=True, help=FORCE)
@confirming_options
@json_flag("Print one JSON document; with --create plan, events and result as lines of JSON.")
@global_options
@click.pass_obj
def command(invocation: Invocation, /, **options: object) -> None:
    """Say which environment new ones are cloned from, and which ones are behind it; set it, propose one, or make that.

    It is remembered in keep.yaml beside the settings; the setting `baseline` and its variable win. A proposal is a file
    from which conda makes the baseline; --create has conda make it, verifies it, and replaces nothing. NAME is a name,
    or a path if it contains a slash.
    """
    asked = convert(options, _Asked)
    asked.check()
    if asked.made is not None:
        _create(invocation, asked.made, asked)
        return
    if asked.chosen is not None:
        invocation = invocation.adding(prefixes=(asked.chosen,))
    workbench = invocation.workbench()
    inventory = invocation.load(workbench)
    if asked.propose:
        say_problems(inventory.problems)
        _propose(invocation, workbench, inventory, asked)
        return
    if asked.changes:
        inventory = _set(invocation, workbench, inventory, asked.chosen)
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

    share = _SHARE if asked.share is None else asked.share
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


# Making the proposed one


def _create(invocation: Invocation, name: str, asked: _Asked) -> None:
    """Make what is proposed, and with `--set` make it the baseline."""
    workbench = invocation.workbench()
    if asked.chosen is not None:
        workbench.may_set_baseline()
    share = _SHARE if asked.share is None else asked.share

    def request(inventory: Inventory, context: JobContext) -> CreateRequest:
        from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - `--help` needs none of the core
        from condatui_core.analyses.baseline_proposal import propose_baseline, request_of  # noqa: PLC0415 - as above

        proposal = propose_baseline(inventory, share=share)
        if not proposal.packages:
            raise RefusedError("There is nothing that enough environments share.", hint="Ask for less: --share 0.2")
        target = target_prefix(name, None, context, cwd=invocation.cwd)
        return request_of(proposal, target, inventory.first_channel_config)

    def on_end(job: Job) -> None:
        if job.state == "done":
            _say_made(workbench, os.path.realpath(*job.plan.prefixes), asked)

    run_in_workbench(
        invocation, workbench, request, on_end, dry_run=asked.dry_run, yes=asked.yes, as_json=asked.as_json
    )


def _say_made(workbench: Workbench, prefix: str, asked: _Asked) -> None:
    """Make a new environment the baseline if that was asked for, and say so."""
    import asyncio  # noqa: PLC0415 - as above

    name = sanitize(os.path.basename(prefix))
    if asked.chosen is None:
        say(f"condatui baseline --set {shell_words((prefix,))} makes it the baseline.")
        return
    asyncio.run(workbench.set_baseline(prefix))
    say(f"{name} is the baseline: new environments are cloned from it.")

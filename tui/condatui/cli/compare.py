"""`condatui compare`: compare environments side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from platform import machine, system
from typing import NamedTuple

import click
from msgspec.structs import replace

from condatui.cli.completion_values import environments_or_files
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes, snapshots_option
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui.view_models.compare.rows import KINDS, ComparisonQuery
from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.analyses.environments import resolve
from condatui_core.analyses.platforms import native_subdir
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import UsageError
from condatui_core.records.comparison import MOST_COLUMNS, Comparison, Listing, Row
from condatui_core.records.environment import Environment, Inventory, packages_untold
from condatui_core.records.installation import ChannelConfig
from condatui_core.settings import absolute_path
from condatui_core.text import sanitize

# Arguments: environments of this machine, or files that describe one


FILE_ENDINGS = (".yml", ".yaml", ".json", ".txt", ".lock")
"""Suffixes of files that describe an environment."""


class FileArgument(NamedTuple):
    """A file, and which environment or category of a lock file: `pixi.lock#test`."""

    path: Path
    environment: str = ""


class CompareArguments:
    """Turns the arguments of a comparison into its columns."""

    def __init__(self, invocation: Invocation, inventory: Inventory, platform: str | None = None) -> None:
        self._cwd = invocation.cwd
        self._inventory = inventory
        self._platform = platform

    def listings(self, texts: Sequence[str]) -> tuple[Listing, ...]:
        """The listing of each argument.

        Raises UsageError for an argument that cannot be found or read, for fewer than two or more than twenty, and
        for the same twice.
        """
        if not 2 <= len(texts) <= MOST_COLUMNS:
            title = f"{len(texts)} are too many to compare." if texts[1:] else "Comparing takes two or more."
            raise UsageError(
                title, hint=f"Name 2 to {MOST_COLUMNS} environments or files; `condatui list` shows these."
            )
        places = [self.place(text) for text in texts]
        for index, place in enumerate(places):
            if place in places[:index]:
                first = texts[places.index(place)]
                detail = f"`{first}` and `{texts[index]}` are {place}"
                raise UsageError("An environment cannot be compared with itself.", detail)
        # The environment markers of a file are true or not for the Python that it is compared with.
        python = next((self._environment(text).python for text in texts if not self._file(text)), "")
        return tuple(self._listing(text, python) for text in texts)

    def place(self, text: str) -> str:
        """The real path of an argument's environment, or of a file and what of it is read, which identifies it."""
        file = self._file(text)
        if file is None:
            return self._environment(text).prefix
        return "#".join(filter(None, (os.path.realpath(file.path), file.environment)))

    def _listing(self, text: str, python: str) -> Listing:
        file = self._file(text)
        listing = self._of_file(file, python) if file else self._of_environment(self._environment(text))
        for line in listing.column.left_out:
            say(f"condatui: {text}: left out: {line}")
        return listing

    def _file(self, text: str) -> FileArgument | None:
        """The file of an argument; None if an environment has that name and the argument is not written as a path."""
        name, _, environment = text.rpartition("#")
        if self._is_name(text) or not (self._cwd or os.sep in text or text.endswith(FILE_ENDINGS)):
            return None
        files = (
            FileArgument(Path(absolute_path(text, self._cwd))),
            FileArgument(Path(absolute_path(name, self._cwd)), environment),
        )
        return next((each for each in files if each.path.exists() and not each.path.is_dir()), None)

    def _is_name(self, text: str) -> bool:
        return os.sep not in text and any(each.name == text for each in self._inventory.environments)

    def _environment(self, text: str) -> Environment:
        if text.endswith(FILE_ENDINGS) and not self._is_name(text):
            raise UsageError(f"There is no file `{sanitize(text)}`.", f"Looked for it in {sanitize(self._cwd)}")
        return resolve(self._inventory.environments, text, cwd=self._cwd, real_path=os.path.realpath)

    def _of_environment(self, environment: Environment) -> Listing:
        contents = environment.contents
        if contents is None or not environment.readable:
            raise UsageError(f"`{sanitize(environment.name)}` has nothing to compare.", _why_nothing(environment))
        for problem in contents.problems:
            say(f"condatui: {problem.path}: {problem.reason}")
        config = self._inventory.channel_config(environment)
        listing = environment_listing(environment.prefix, environment.full_name, contents, config)
        return replace(listing, column=replace(listing.column, host=environment.host))

    def _of_file(self, file: FileArgument, python: str) -> Listing:
        configs = [config for _, config in self._inventory.channel_configs]
        return read_environment_file(
            file.path,
            configs[0] if configs else ChannelConfig(),
            self._platform or native_subdir(system(), machine()),
            python=python,
            environment=file.environment,
            platform_asked=self._platform is not None,
        )


def _why_nothing(environment: Environment) -> str:
    """Why nothing is known of what an environment has."""
    if environment.host and environment.state == "ok":
        return packages_untold(sanitize(environment.host))
    return f"{sanitize(environment.prefix)} is {environment.state}"


_ONLY = tuple(kind for kind in KINDS if kind != "all")


@click.command(
    "compare", epilog=examples("compare nlp-exp bert-finetune", "compare nlp-exp environment.yml --exit-code")
)
@click.argument("envs", metavar="ENV ENV...", nargs=-1, callback=note_prefixes, shell_complete=environments_or_files)
@click.option("--only", type=click.Choice(_ONLY), help="Only packages that differ so; `requested`: that you asked for.")
@click.option("--all", "everything", is_flag=True, help="All packages, also those that are equal.")
@click.option(
    "--reference",
    metavar="ENV",
    shell_complete=environments_or_files,
    help="The column that signs refer to; by default the first.",
)
@click.option(
    "--platform", metavar="PLATFORM", help="What files have for it, as `linux-64`; by default this machine's."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
@click.option("--markdown", "written", flag_value="markdown", help="Print a Markdown table.")
@click.option("--csv", "written", flag_value="csv", help="Print CSV.")
@snapshots_option
@json_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    envs: tuple[str, ...],
    only: str | None,
    everything: bool,
    exit_code: bool,
    written: str | None,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Show environments side by side: their common packages and their differences.

    ENV is a name or a prefix, or a file: an environment.yml, a list of URLs, specs or requirements, a conda-lock.yml, a
    pixi.lock, or what `condatui show ENV --json` printed, also on another machine. FILE#NAME reads one environment of
    a pixi.lock, or an optional category of a conda-lock.yml as well. With --snapshots an environment is HOST:NAME or
    HOST:PREFIX; the host may be left out where only one has it.
    """
    if only and everything:
        raise click.UsageError("--only and --all exclude each other.")
    if as_json and written:
        raise click.UsageError(f"--json and --{written} exclude each other.")
    invocation: Invocation = context.obj
    comparison = _compare(invocation, tuple(map(invocation.spelled_out, envs)), **columns)
    # Output for people leaves out equal packages; output for programs has all of them.
    kind = "all" if everything else only or ("all" if as_json else "differing")
    rows = ComparisonQuery(kind=kind).of(comparison.rows)
    with suppress(BrokenPipeError):  # the exit code is for those who do not read
        _print(invocation, comparison, rows, "json" if as_json else written)
    if not rows and not as_json:
        say("Nothing differs." if kind == "differing" else "There are no such packages.")
    if exit_code and any(row.status != "same" for row in rows):
        context.exit(1)


def _compare(
    invocation: Invocation, texts: Sequence[str], *, reference: str | None, platform: str | None
) -> Comparison:
    inventory = invocation.load()
    say_problems(inventory.problems)
    columns = CompareArguments(invocation, inventory, platform)
    listings = columns.listings(texts)
    if reference is None:
        return compare(listings)
    places = [columns.place(text) for text in texts]
    place = columns.place(invocation.spelled_out(reference))
    if place not in places:
        raise UsageError(f"`{reference}` is not among the compared environments.", hint=f"They are {', '.join(texts)}.")
    return compare(listings, places.index(place))


def _print(invocation: Invocation, comparison: Comparison, rows: Sequence[Row], written: str | None) -> None:
    if written == "json":
        from condatui.view_models.compare.document import describe_comparison  # noqa: PLC0415 - only for this output

        print_json(describe_comparison(comparison, rows))
    elif written:
        from condatui.view_models.compare.export import comma_separated, markdown  # noqa: PLC0415 - as above

        sys.stdout.write((markdown if written == "markdown" else comma_separated)(comparison, rows))
    else:
        from condatui.cli.pages.compare import print_comparison  # noqa: PLC0415 - Rich is for people

        print_comparison(invocation, comparison, rows)

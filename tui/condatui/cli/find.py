"""`condatui find`: which environments have what is wanted, so that no new one is needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from platform import machine, system

import click

from condatui.cli.compare import FILE_ENDINGS
from condatui.cli.completion_values import files
from condatui.cli.documents.find import describe_find
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, snapshots_option
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.analyses.platforms import native_subdir
from condatui_core.analyses.suitability import Suitability, suitable_environments
from condatui_core.environment_files.reading import file_and_part, read_environment_file
from condatui_core.environment_files.selectors import Target
from condatui_core.environment_files.spec_list import spec_entry
from condatui_core.errors import UsageError
from condatui_core.records.comparison import Column, ColumnKind, Entry, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import sanitize


@click.command("find", epilog=examples("find 'pytorch>=2.4' transformers", "find -f requirements.txt --all"))
@click.argument("specs", metavar="[SPEC]...", nargs=-1)
@click.option(
    "-f",
    "--file",
    "file",
    metavar="FILE",
    shell_complete=files,
    help="What is wanted, in a file that describes an environment.",
)
@click.option("--all", "everything", is_flag=True, help="Show every environment, not only the nearest.")
@snapshots_option
@json_option
@global_options
@click.pass_context
def command(
    context: click.Context, /, *, specs: tuple[str, ...], file: str | None, everything: bool, as_json: bool
) -> None:
    """Find the environments that already have what is wanted, and what the nearest others lack.

    SPEC is one of conda's (`numpy>=1.26`, `pytorch=2.5.*=*cuda*`, `conda-forge::scipy`) or a requirement of pip's. If
    it names no build and no channel, what pip has installed counts too. FILE is any that `condatui compare` reads.

    Exits with 0 if an environment has everything, with 1 if none has, and with 2 if what is wanted cannot be read.
    """
    if not specs and file is None:
        raise click.UsageError("Name what is wanted, or a file with -f.")
    if specs and file is not None:
        raise click.UsageError("Specs and -f exclude each other.")
    invocation: Invocation = context.obj
    _check(invocation, specs)
    inventory = invocation.load()
    say_problems(inventory.problems)
    config = next((config for _, config in inventory.channel_configs), ChannelConfig())
    path = invocation.absolute(file) if file is not None else None
    wanted = _Wanted(specs, path, config)
    found = suitable_environments(inventory, wanted.for_python)
    for line in wanted.left_out:
        say(f"condatui: left out: {line}")
    with suppress(BrokenPipeError):  # the exit code is for those who do not read
        if as_json:
            print_json(describe_find(found, file=path, left_out=wanted.left_out))
        else:
            _print(invocation, found, everything=everything)
    if not any(each.satisfies for each in found):
        context.exit(1)


def _print(invocation: Invocation, found: Sequence[Suitability], *, everything: bool) -> None:
    from condatui.cli.pages.find import print_found  # noqa: PLC0415 - Rich is for people

    if found:
        print_found(invocation, found, everything=everything)
    else:
        say("There is no environment that could be used here.")


def _check(invocation: Invocation, specs: tuple[str, ...]) -> None:
    """Raise UsageError for a text that is no spec, before anything is read."""
    for spec in specs:
        if spec.endswith(FILE_ENDINGS) and os.path.isfile(invocation.absolute(spec)):
            raise UsageError(f"`{sanitize(spec)}` is a file.", hint=f"`condatui find -f {sanitize(spec)}` reads it.")
        spec_entry(spec, ChannelConfig(), Target())


_FOR_SOME: frozenset[ColumnKind] = frozenset({"environment file", "spec list"})
"""The kinds of files with lines that are for some versions of python only."""


class _Wanted:
    """What the user asks for, read once for each version of python that some environment has."""

    def __init__(self, specs: tuple[str, ...], file: str | None, config: ChannelConfig) -> None:
        """Raises UsageError if the file cannot be read, or asks for nothing."""
        self._specs = specs
        self._file = file
        self._config = config
        self._whole = self._read("")
        self._read_for: dict[str, Listing] = {}
        if not self._whole.entries:
            raise UsageError("Nothing is wanted: no package is named.", sanitize(file or " ".join(specs)))

    def for_python(self, python: str) -> Listing:
        """What is wanted of an environment with this version of python; empty for one without."""
        if self._whole.column.kind not in _FOR_SOME or not python:
            return self._read_for.setdefault("", self._whole)
        if python not in self._read_for:
            self._read_for[python] = self._read(python)
        return self._read_for[python]

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not looked for in any environment."""
        first, *others = [each.column.left_out for each in self._read_for.values()] or [self._whole.column.left_out]
        return tuple(line for line in first if all(line in each for each in others))

    def _read(self, python: str) -> Listing:
        platform = native_subdir(system(), machine())
        if self._file:
            path, environment = file_and_part(self._file)
            return read_environment_file(path, self._config, platform, python=python, environment=environment)
        return _listed(
            [spec_entry(each, self._config, Target(platform=platform, python=python)) for each in self._specs]
        )


def _listed(found: Sequence[Entry | str]) -> Listing:
    """What was typed, as the listing of a file would have it."""
    left_out = tuple(each for each in found if isinstance(each, str))
    column = Column(label="the command line", kind="spec list", left_out=left_out)
    return Listing(column=column, entries=tuple(each for each in found if isinstance(each, Entry)))

"""Runs a command in an environment and says which of its packages the command used."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from condatui_core.analyses.slimming.usage import usage_of
from condatui_core.errors import UsageError
from condatui_core.prefixes.activation import activated, activation_scripts
from condatui_core.prefixes.ownership import owners_of
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.proc.child import ChildNotStartedError
from condatui_core.proc.kept_output import KeptOutput, kept_output
from condatui_core.records.environment import Environment
from condatui_core.records.usage import Blind, Run, Trace, Usage
from condatui_core.text import counted, sanitize
from condatui_core.tracing.run import TracedCommand, trace
from condatui_core.tracing.touched import touched_by

_MODULE = re.compile(r"\w+(\.\w+)*")
_KEPT_LINES = 20
_IMPORTING = """
import importlib, sys
for each in sys.argv[1:]:
    try:
        importlib.import_module(each)
    except Exception as error:
        words = " ".join(str(error).split())
        sys.exit("%s cannot be imported: %s: %s" % (each, type(error).__name__, words))
"""


async def trace_usage(environment: Environment, run: Run, stop: asyncio.Event, *, environ: Mapping[str, str]) -> Usage:
    """Run a command, or import modules, in an environment, and mark its packages by what was opened.

    Raises UsageError if there is no such command, or nothing to run it in.
    """
    argv = _argv(environment, run)
    contents = environment.contents
    assert contents is not None  # `_argv` has seen to that
    records = await asyncio.to_thread(read_records, environment.prefix)
    activated_environ = activated(environ, environment.prefix, contents.variables)
    if run.output is None:  # otherwise the words of its error would come before all that it had printed
        activated_environ = {"PYTHONUNBUFFERED": "1", **activated_environ}
    async with _output(run) as (output, kept):
        command = TracedCommand(
            argv=argv,
            environ=activated_environ,
            prefix=environment.prefix,
            directory=run.directory or os.sep,
            output=output,
            seconds=run.seconds,
        )
        try:
            seen = await trace(command, stop)
        except ChildNotStartedError as error:
            title = f"`{sanitize(argv[0])}` cannot be started in {sanitize(environment.name)}."
            raise UsageError(
                title, sanitize(error.reason), "It is looked up in the environment first, then in PATH."
            ) from error
        last_lines = await kept.last_lines(_KEPT_LINES) if kept else ()
    program = shutil.which(argv[0], path=activated_environ.get("PATH"))
    usage = await asyncio.to_thread(partial(_usage, records, seen, modules=run.modules, program=program or ""))
    return replace(usage, last_lines=last_lines)


@asynccontextmanager
async def _output(run: Run) -> AsyncIterator[tuple[int, KeptOutput | None]]:
    """The descriptor that a command writes to, and what keeps the end of it if the run names none."""
    if run.output is not None:
        yield run.output, None
        return
    async with kept_output() as kept:
        yield kept.descriptor, kept


def _argv(environment: Environment, run: Run) -> tuple[str, ...]:
    name = sanitize(environment.name)
    if environment.contents is None or not environment.readable:
        raise UsageError(f"Nothing can be run in {name}.", f"{sanitize(environment.prefix)} is {environment.state}.")
    if environment.foreign:
        raise UsageError(f"{name} was built for {environment.foreign}: nothing of it runs here.")
    if run.command:
        return run.command
    if odd := next((each for each in run.modules if not _MODULE.fullmatch(each)), None):
        raise UsageError(f"`{sanitize(odd)}` is no name of a module.", hint="Such as numpy, or my_service.app.")
    python = os.path.join(environment.prefix, "bin", "python")
    if not os.path.exists(python):
        raise UsageError(f"{name} has no python that could import a module.", python, "--run runs any program in it.")
    return (python, "-c", _IMPORTING, *run.modules)


def _usage(records: PrefixRecords, seen: Trace, *, modules: tuple[str, ...], program: str) -> Usage:
    owners = owners_of(records.prefix, records.contents, (each.paths for each in records.packages))
    touched = touched_by(seen, records, owners)
    blind = []
    if modules:
        message = "Only the import was seen: what functions open when they are called was not."
        blind.append(Blind(id="import-only", message=message))
    if program and not Path(program).is_relative_to(records.prefix):
        message = f"{sanitize(os.path.basename(program))} is no program of the environment: another one ran."
        blind.append(Blind(id="program-outside", message=message, evidence=(program,)))
    if scripts := activation_scripts(records.prefix):
        count = counted(len(scripts), "script of its activation was", "scripts of its activation were")
        blind.append(Blind(id="scripts-not-run", message=f"{count} not run.", evidence=scripts))
    return replace(usage_of(records.contents, touched, seen, blind), modules=modules)

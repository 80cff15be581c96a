"""Exports an environment to a file: from condatui's own reading of the prefix, never over a file that exists unless
asked to, and read back.
"""

from __future__ import annotations

import asyncio
import codecs
import os
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions.guards import no_environment, refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.written_files import blockers_to_write, write_file
from condatui_core.environment_files.export import ExportText, check_file_name, export_text
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.fs.atomic_write import begun_beside
from condatui_core.fs.safe_read import open_regular, read_bounded
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.comparison import Cell
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Outcome, Plan, Recovery, Step
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportFormat, ExportOptions, ExportRequest
from condatui_core.text import counted, sanitize

FORMATS = {
    "yaml": "environment.yml",
    "json": "environment in JSON",
    "explicit": "explicit list",
    "requirements": "list of specs",
    "conda-lock": "lock file of conda-lock",
}
"""What each format is called in a plan."""


async def preview(request: ExportRequest, context: JobContext) -> ExportText:
    """Make the text without writing it. RefusedError if the environment is gone, UsageError as in `export_text`."""
    return await asyncio.to_thread(_make_text, request, context)


async def plan(request: ExportRequest, context: JobContext) -> Plan:
    """Plan the file, and warn of what the format cannot express.

    Raises UsageError as in `export_text`, and if the file's name stands for another format.
    """
    check_file_name(request.file, request.format)
    environment = context.environment(request.prefix)
    name = environment.name if environment else request.prefix
    title = f"Export {name} to {request.file}"
    try:
        export = await preview(request, context)
    except RefusedError as error:
        gone = blocker("not-an-environment", error.title, error.advice)
        return Plan(request=request, title=title, blockers=(gone,))
    blockers = await asyncio.to_thread(_blockers, request)
    return plan_of(request, title, export, blockers)


def plan_of(request: ExportRequest, title: str, export: ExportText, blockers: tuple[Finding, ...]) -> Plan:
    """Build the plan from the text and the blockers; pure."""
    size = len(encoded(export))
    lines = export.text.count("\n")
    return Plan(
        request=request,
        title=title,
        steps=(Step(title=f"Write {request.file}"), Step(title="Read it back")),
        bytes_needed=size,
        packages=export.packages,
        facts=(("format", options_in_words(request)), ("lines", f"{lines}")),
        warnings=tuple(note(each) for each in export.notes),
        blockers=blockers,
    )


async def perform(plan: Plan, request: ExportRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Write the file whole or not at all, and read it back. RefusedError if there are blockers by now."""
    export = await preview(request, context)
    refuse(await asyncio.to_thread(_blockers, request))
    await work.stage("write", f"Writing {request.file}")
    await work.in_thread(partial(write_file, request.file, encoded(export), replace=request.replace))
    await work.stage("read-back", f"Reading {request.file} back")
    await work.in_thread(partial(_read_back, request, export, context))
    return Outcome(
        message=f"{request.file} was written: {counted(export.packages, 'package')}",
        findings=tuple(note(each) for each in export.notes),
        bytes_used=len(encoded(export)),
        files=(request.file,),
    )


async def recover(
    plan: Plan,  # noqa: ARG001 - the signature of every action
    request: ExportRequest,
    stage: str,  # noqa: ARG001
    context: JobContext,
) -> Recovery:
    """Compare the file with what would be written now; if they differ, it is the old file, or there is none."""
    try:
        expected = encoded(await preview(request, context))
    except CondatuiError:
        expected = None
    there = await asyncio.to_thread(_bytes_of, request.file)
    begun = await asyncio.to_thread(begun_beside, Path(request.file))
    beside = f" {sanitize(str(begun[0]))} was begun, and can be deleted." if begun else ""
    if there is not None and there == expected:
        return Recovery(state="done", message=f"{request.file} was written whole.{beside}")
    if there is None:
        return Recovery(state="untouched", message=f"{request.file} was not written: nothing is there.{beside}")
    return Recovery(state="untouched", message=f"{request.file} is whole, and not of this export.{beside}")


def _blockers(request: ExportRequest) -> tuple[Finding, ...]:
    """The blockers against writing the file: an export replaces texts alone, and nothing that belongs to a package."""
    if found := blockers_to_write(request.file, replace=request.replace):
        return found
    if os.path.lexists(request.file) and _is_binary(request.file):
        return (blocker("file-exists", f"{sanitize(request.file)} is no text.", "Choose another name."),)
    return ()


def _is_binary(file: str) -> bool:
    """Whether a file that can be read is no text; UTF-16 has NULs in it as well, and begins with a mark."""
    try:
        with open_regular(file) as stream:
            begin = stream.read(8192)
    except OSError:
        return False
    return b"\0" in begin and not begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _make_text(request: ExportRequest, context: JobContext) -> ExportText:
    environment = context.environment(request.prefix) or _gone(request.prefix)
    contents = read_prefix(request.prefix)  # the inventory may be hours old
    if not contents.has_conda_meta:
        _gone(request.prefix)
    return make_text(environment, contents, request, context)


def make_text(
    environment: Environment, contents: PrefixContents, how: ExportOptions, context: JobContext
) -> ExportText:
    """The text of an environment that has these contents by now. UsageError as in `export_text`."""
    return export_text(
        replace(environment, contents=contents),
        context.inventory.channel_config(environment),
        format=how.format,
        builds=how.builds,
        from_history=how.from_history,
        leaves=how.leaves,
        portable=how.portable,
        variables=how.variables,
    )


def options_in_words(how: ExportOptions) -> str:
    """The format, and what is left out of it: `environment.yml, without builds`."""
    said = (
        ("without builds", not how.builds and not how.portable),
        ("for other platforms", how.portable),
        ("what was asked for only", how.from_history),
        ("what nothing else needs only", how.leaves),
        ("without variables", not how.variables),
    )
    return ", ".join((FORMATS[how.format], *(words for words, holds in said if holds)))


def _gone(prefix: str) -> Environment:
    found = no_environment(prefix)
    raise RefusedError(found.message, hint=found.remedy)


def _read_back(request: ExportRequest, export: ExportText, context: JobContext) -> None:
    environment = context.environment(request.prefix) or _gone(request.prefix)
    config = context.inventory.channel_config(environment)
    check_read_back(request.file, encoded(export), export, request.format, config)


def check_read_back(file: str, data: bytes, export: ExportText, form: ExportFormat, config: ChannelConfig) -> None:
    """Raise CondatuiError if a file does not hold what was written, or if less can be read from it than it should."""
    if _bytes_of(file) != data:
        raise CondatuiError(f"{sanitize(file)} does not hold what was written.", hint="Check the disk.")
    if missing := _missing_in(file, export, form, config):
        raise CondatuiError(f"{sanitize(file)} cannot be read back as it was meant.", missing)


def _missing_in(file: str, export: ExportText, form: ExportFormat, config: ChannelConfig) -> str:
    """Say what a written file lacks, by reading it like any environment file; empty if it has everything."""
    try:
        listing = read_environment_file(Path(file), config, platform="")
    except UsageError as error:
        return str(error)
    read = sum(_installs(form, each.cell) for each in listing.entries) + len(listing.column.left_out)
    return (
        ""
        if read == export.packages
        else f"It should hold {counted(export.packages, 'package')}, but {read} can be read."
    )


def _installs(form: ExportFormat, cell: Cell) -> bool:
    """Whether conda installs what was read; in the lists some packages are only in comments."""
    if form in ("yaml", "json", "conda-lock"):
        return True
    return cell.source == "conda" and (form == "requirements" or cell.url is not None)


def _bytes_of(file: str) -> bytes | None:
    try:
        return read_bounded(file, 64 << 20)
    except OSError:
        return None


def encoded(export: ExportText) -> bytes:
    """The content of a file with an export; what is not UTF-8 becomes question marks."""
    return export.text.encode("utf-8", "replace")


def note(text: str) -> Finding:
    """What a format cannot carry, as a finding of a plan."""
    return finding("not-carried", "note", text)

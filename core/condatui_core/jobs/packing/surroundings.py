"""What is looked at before packing: the environment, by a process of its own, and the place of the archive."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator

import msgspec

from condatui_core.conda.failure import last_words
from condatui_core.conda.process_group import STDERR, STDOUT, Output, run_group
from condatui_core.errors import CondatuiError
from condatui_core.jobs.export_checks import blockers_to_write
from condatui_core.jobs.journals.lossless_json import decode
from condatui_core.jobs.packing.facts import Survey
from condatui_core.jobs.work import Surroundings
from condatui_core.own_process import own_argv, own_environ
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.request import PackRequest

_MOST_BYTES = 64 << 20
_GRACE = 1.0
_SECONDS = 600.0
"""A listing that takes longer hangs: at a network file system that does not answer."""


def packing_environ(around: Surroundings) -> dict[str, str]:
    """The variables for the processes that look, pack and read back."""
    return {**own_environ(around.caller.environ), "HOME": str(around.caller.home), "PYTHONUTF8": "1"}


async def survey_of(request: PackRequest, around: Surroundings) -> Survey:
    """Look at all that would be packed. Raises CondatuiError if that comes to no answer."""
    argv = own_argv("condatui_core.jobs.packing.survey", request.prefix, *request.excludes)
    output = Output(_MOST_BYTES)
    try:
        await run_group(argv, packing_environ(around), seconds=_SECONDS, grace=_GRACE, output=output)
        return decode(bytes(output.written[STDOUT]), msgspec.json.Decoder(Survey))
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        words = last_words(output.written[STDERR].decode("utf-8", "replace")) or str(error)
        raise CondatuiError(f"{printable(request.prefix)} cannot be looked at.", printable(words)) from error


def in_the_way(request: PackRequest, form: str, around: Surroundings) -> tuple[Finding, ...]:
    """What stands against writing the archive where it is wanted, and in this format."""
    return (*_place(request, form), *_tools(form, around.caller.environ.get("PATH")))


def free_bytes(file: str) -> int | None:
    """What is free where a file is to lie; None if nobody knows."""
    try:
        return shutil.disk_usage(os.path.dirname(os.path.realpath(file))).free
    except OSError:
        return None


def _place(request: PackRequest, form: str) -> Iterator[Finding]:
    # A directory of somebody's is never replaced.
    yield from blockers_to_write(request.file, replace=request.replace and form != "no-archive")
    prefix = os.path.realpath(request.prefix)
    if os.path.realpath(request.file).startswith(prefix + os.sep):
        message = f"{printable(request.file)} would lie in the environment that is packed."
        yield Finding(id="inside-environment", severity="error", message=message, remedy="Choose another place.")


def _tools(form: str, path: str | None) -> Iterator[Finding]:
    if form == "squashfs" and not all(shutil.which(tool, path=path) for tool in ("mksquashfs", "unsquashfs")):
        yield _missing("squashfs needs mksquashfs and unsquashfs.", "Install squashfs-tools, or choose another format.")


def _missing(message: str, remedy: str) -> Finding:
    return Finding(id="no-tool", severity="error", message=message, remedy=remedy)

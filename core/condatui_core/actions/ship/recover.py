"""Finds how much of a ship directory an interrupted job has written."""

from __future__ import annotations

import asyncio
import os

from msgspec.structs import replace

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.ship.output_directory import begun_in
from condatui_core.actions.ship.plan import read_facts, written_names
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import ShipRequest
from condatui_core.text import counted, sanitize

_LARGEST = 64 << 20


async def recover(plan: Plan, request: ShipRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001 - as all actions
    """Compare the files with what would be written now; each is whole, as it was or as it should be."""
    directory = sanitize(request.directory)
    again = replace(request, replace=True)
    try:
        content = (await read_facts(again, context)).content
    except CondatuiError as error:
        return Recovery(state="half", message=f"Which files were written cannot be found out: {error.title}")
    if content is None or not content.files:
        return Recovery(state="half", message=f"{directory}: what it was written from is not as it was.")
    names = written_names(request, content)
    missing = await asyncio.to_thread(_missing, request.directory, names, dict(content.files))
    begun = await asyncio.to_thread(begun_in, request.directory)
    beside = f" Besides, it holds what was begun: {', '.join(begun)}." if begun else ""
    if not missing and not begun:
        return Recovery(state="done", message=f"All files in {directory} are as they should be.")
    if len(missing) == len(names) and not begun:
        return Recovery(state="untouched", message=await asyncio.to_thread(_nothing_in, request.directory))
    there = f"{len(names) - len(missing)} of {counted(len(names), 'file')} are as they should be."
    title = f"Write all of {directory} again"
    return Recovery(state="half", message=f"{directory}: {there}{beside}", way_out=again, way_out_title=title)


def _nothing_in(directory: str) -> str:
    empty = os.path.isdir(directory) and not os.listdir(directory)
    return f"Nothing was written into {sanitize(directory)}{'; the directory is empty' if empty else ''}."


def _missing(directory: str, names: tuple[str, ...], files: dict[str, bytes]) -> list[str]:
    """The names of files that are not there, or have another content; of an archive it is enough that it is there."""
    return [each for each in names if not _is_there(os.path.join(directory, each), files.get(each))]


def _is_there(file: str, data: bytes | None) -> bool:
    if data is None:
        return os.path.isfile(file)
    try:
        return read_bounded(file, _LARGEST) == data
    except OSError:
        return False

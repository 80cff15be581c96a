"""Finds what an interrupted pack has left on the disk."""

from __future__ import annotations

import asyncio
import os

import msgspec

from condatui_core.actions.checksum_file import checksum_path, stated_checksum
from condatui_core.actions.pack.place import (
    CHECKSUM_STAGE,
    PLACE_STAGE,
    archive_path,
    disk_bytes,
    holds_another,
    leftovers,
)
from condatui_core.actions.protocol import JobContext
from condatui_core.fs.safe_read import sha256_of
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import PackRequest
from condatui_core.text import format_bytes


async def recover(plan: Plan, request: PackRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out whether the archive got its name, and what lies beside it."""
    return await asyncio.to_thread(_inspect, request, stage)


def _inspect(request: PackRequest, stage: str) -> Recovery:
    file = archive_path(request)
    if stage == CHECKSUM_STAGE and os.path.lexists(file):
        return _inspect_checksum(request)
    left = list(leftovers(file))
    if left and stage == PLACE_STAGE and os.path.lexists(file) and not any(holds_another(each, file) for each in left):
        return Recovery(state="done", message=f"{request.file} was packed, and is whole; {left[0]} can be deleted.")
    if left:
        size = format_bytes(sum(map(disk_bytes, left)))
        message = f"{request.file} was not finished; {size} lie in {left[0]}."
        return Recovery(state="half", message=message, way_out=request, way_out_title="Delete that and pack it again")
    if stage == PLACE_STAGE and os.path.lexists(file):
        return Recovery(state="done", message=f"{request.file} was packed, and is whole{_without(request)}.")
    there = "is as it was" if os.path.lexists(file) else "was not written"
    return Recovery(state="untouched", message=f"{request.file} {there}; nothing is left over.")


def _inspect_checksum(request: PackRequest) -> Recovery:
    """The archive has its name; whether its checksum is beside it is found out by reading it."""
    done = Recovery(state="done", message=f"{request.file} was packed, and is whole{_without(request)}.")
    try:
        stated = stated_checksum(archive_path(request))
        if not stated or stated == sha256_of(archive_path(request)):
            return done
    except OSError:
        return done
    message = f"{request.file} was packed, and is whole; the checksum beside it is that of an earlier archive."
    again = msgspec.structs.replace(request, replace=True)
    return Recovery(state="half", message=message, way_out=again, way_out_title="Pack it again")


def _without(request: PackRequest) -> str:
    """Words for an archive that has no checksum beside it yet."""
    missing = not os.path.lexists(checksum_path(archive_path(request))) and os.path.isfile(request.file)
    return ", without its checksum beside it" if missing else ""
